// What an update does on the box meanwhile. The plugin shows nothing of it before the end, so the phases are read from a
// file there, over a connection of their own. The names are a table: no text of the box is shown.

import { type Login, openRemoteShell } from '../remoteShell';

/** Phase → what it is, as the update's log says it. */
export const phases = {
  bootstrap: 'bootstrap: the server ends its first boot and gets Docker',
  build: 'build: the gateway’s image is built on the server',
  restore: 'restore: the ledger is fetched from its backup',
  reload: 'reload: the running gateway takes the new configuration',
  start: 'start: the new gateway starts beside what runs',
  switch: 'switch: Caddy sends requests there',
  backup: 'backup: the ledger is copied to the bucket',
  retire: 'retire: what served until now ends with its last stream, in the background (ovth:release.retire_after)',
  hurry: 'retire: what was retiring since an earlier update ends within 30 s',
  certificate: 'certificate: waiting for it',
} as const;

/**
 * Follows the phases until it is ended.
 * @param login of a box that answers on port 22
 * @param elapsedSeconds seconds since the update began, now
 * @param say hears each phase that has begun since then
 * @param ended resolves when there is nothing more to follow
 */
export async function followPhases(
  login: Login,
  elapsedSeconds: () => number,
  say: (phase: string) => void,
  ended: Promise<unknown>,
): Promise<void> {
  let over = false;
  let shell: ReturnType<typeof openRemoteShell> | undefined;
  void ended.then(
    () => {
      over = true;
      shell?.end();
    },
    () => undefined,
  );
  // At the first boot, sshd may greet before it knows the key.
  for (let attempt = 0; attempt < 20 && !over; attempt++) {
    const reader = openPhaseReader(elapsedSeconds, say);
    shell = openRemoteShell(login, { text: follow, args: [] }, reader, true);
    if ((await shell.ended) !== 255) return;
    await new Promise((resolve) => setTimeout(resolve, 500).unref());
  }
}

/** Reads the lines of `follow`: the box's clock, then `SECONDS PHASE` for each phase of this update and earlier ones. */
export function openPhaseReader(elapsedSeconds: () => number, say: (phase: string) => void): (line: string) => void {
  let began: number | undefined;
  return (line) => {
    const [time = '', name = ''] = line.split(' ');
    if (began === undefined) began = Number(time) - Math.ceil(elapsedSeconds());
    else if (Number(time) >= began && Object.hasOwn(phases, name)) say(phases[name as keyof typeof phases]);
  };
}

// ---

/** It ends by itself too, should nobody be left to end it. */
const follow = 'date +%s; exec timeout 1200 tail -n +1 -F /run/ovth-phases 2>/dev/null\n';
