// Which of the keys that the program makes a server knows: what its labels say of its first boot, and which key may follow.

import type { Problem } from '../../config/problems';
import type { Settings } from '../../config/schema';
import type { LastState } from './lastState';
import { rebuildCauses } from './standing';

/** Labels of a resource at Hetzner. */
type Labels = Readonly<Record<string, string>>;

/** Label of an SSH key: its generation. */
export const generationLabel = 'generation';

/** What an update needs to know of its server's first boot. */
export interface FirstBoot {
  /**
   * It comes with this update: the server then gets the user data and the SSH key of now. The engine keeps both as they are
   * for a server that stands, since a change would replace it.
   */
  readonly isComing: boolean;
  /** Generation of the program's key that the server has taken at its first boot, or will take. */
  readonly key: number;
  /** Generation of the server's SSH identity. */
  readonly host: number;
}

/** A server that stands and is of the first generations. What a program of another's own takes for granted. */
export const firstGenerations: FirstBoot = { isComing: false, key: 1, host: 1 };

/** The server's labels for its first boot. */
export function labelsOfBoot({ key, host }: FirstBoot): Labels {
  return { [keyLabel]: `${key}`, [hostLabel]: `${host}` };
}

/**
 * What is known of the first boot of the server that this update goes on with, or makes.
 * @param standing labels of the stack's server at Hetzner; undefined where there is none
 * @param last the state before this run; undefined where it is not known
 */
export function firstBootOf(settings: Settings, standing: Labels | undefined, last: LastState | undefined): FirstBoot {
  if (standing === undefined || (last !== undefined && rebuildCauses(settings, last).length > 0))
    return { isComing: true, key: settings.ssh.generation, host: settings.server.generation };
  // Servers of older versions have no such labels.
  return { isComing: false, key: Number(standing[keyLabel] ?? 1), host: Number(standing[hostLabel] ?? 1) };
}

/**
 * The program's own key goes on by one generation at a time: the key before lets the next one in.
 * @param present labels of the stack's SSH keys at Hetzner; two where an update was interrupted
 */
export function sshGenerationProblems(present: readonly Labels[], { ssh: { generation } }: Settings): Problem[] {
  const known = present.map((labels) => Number(labels[generationLabel] ?? 1)).sort((a, b) => a - b);
  const [lowest] = known;
  if (lowest === undefined || known.includes(generation) || generation === lowest + 1) return [];
  const there = known.length === 1 ? `has key ${lowest}` : `may have key ${known.join(' or ')}`;
  return [
    {
      path: 'ovth:ssh.generation',
      message: `is ${generation}, and the server ${there}: a key is replaced by the next one, so set it to ${lowest + 1} and run "pulumi up" again.`,
    },
  ];
}

// ---

const keyLabel = 'first-key';
const hostLabel = 'host-key';
