// Actions: what takes a while answers `running` first and is asked about again.
import { Refusal } from './refusal';
import { newId, now, type Action, type World } from './world';

/** What an action is about. */
export interface Subject {
  type: 'server' | 'volume' | 'primary_ip' | 'firewall' | 'zone';
  id: number;
}

/** Starts a change. The returned copy says `running`, as the real API's first answer does, however fast the work is. */
export function begin(world: World, command: string, resources: Subject[], work: () => Promise<void>): Action {
  const action: Action = {
    id: newId(world),
    command,
    status: 'running',
    progress: 0,
    started: now(),
    finished: null,
    resources,
    error: null,
  };
  world.actions.set(action.id, action);
  const failure = world.failures.findIndex((entry) => entry.command === command);
  const ordered = failure === -1 ? undefined : world.failures.splice(failure, 1)[0];
  const end = (status: 'success' | 'error', error: Action['error']) =>
    Object.assign(action, { status, error, progress: 100, finished: now() });
  // A turn of the event loop later: whoever asks at once still sees it running.
  setImmediate(() => {
    if (ordered !== undefined) return void end('error', { code: ordered.code, message: ordered.message });
    return void work().then(
      () => end('success', null),
      (problem: unknown) => end('error', { code: 'action_failed', message: String(problem) }),
    );
  });
  return structuredClone(action);
}

/** Refuses when something is still being done to the resource. */
export function requireUnlocked(world: World, subject: Subject): void {
  if (isLocked(world, subject))
    throw new Refusal('locked', `${subject.type} with ID '${subject.id}' is locked by a running action`);
}

/** Is something being done to the resource? */
export function isLocked(world: World, subject: Subject): boolean {
  for (const action of world.actions.values()) {
    if (action.status !== 'running') continue;
    if (action.resources.some((resource) => resource.type === subject.type && resource.id === subject.id)) return true;
  }
  return false;
}
