// What Hetzner's labels say of the generations that stand: what its first boot was with, and which of the program's
// own SSH keys the present one takes.

import type { Problem } from '../../config/problems';

/** Labels of a resource at Hetzner. */
type Labels = Readonly<Record<string, string>>;

/** Label of a server and of an SSH key: the generation that the settings named when it was made. */
export const generationLabel = 'generation';

/** Label of a server: the generation of the program's key that it took at its first boot. */
export const firstKeyLabel = 'first-key';

/** What an update needs to know of its server's first boot. */
export interface FirstBoot {
  /**
   * It comes with this update: the server then may get another SSH identity and other user data. The engine keeps both as they
   * are for a server that stands, since a change would replace it.
   */
  readonly isComing: boolean;
  /** Generation of the program's key that the server takes from then on. */
  readonly key: number;
}

/**
 * What the labels of the stack's present server say of its first boot.
 * @param standing undefined where there is none
 * @param wanted the generations of the settings
 */
export function firstBootOf(
  standing: Labels | undefined,
  wanted: { readonly server: number; readonly ssh: number },
): FirstBoot {
  const known = standing?.[generationLabel]; // servers of older versions have none
  const stands = standing !== undefined && (known === undefined || known === String(wanted.server));
  return stands ? { isComing: false, key: Number(standing[firstKeyLabel] ?? 1) } : { isComing: true, key: wanted.ssh };
}

/**
 * The program's own key goes on by one generation at a time: the key before lets the next one in.
 * @param present labels of the stack's SSH keys at Hetzner; two where an update was interrupted
 * @param generation of the settings
 */
export function sshGenerationProblems(present: readonly Labels[], generation: number): Problem[] {
  const known = present.map((labels) => Number(labels[generationLabel] ?? 1));
  if (known.length === 0 || known.includes(generation)) return [];
  const next = Math.min(...known) + 1;
  if (generation === next) return [];
  const there = known.length === 1 ? `has key ${known[0]}` : `may have key ${known.sort((a, b) => a - b).join(' or ')}`;
  return [
    {
      path: 'ovth:ssh.generation',
      message: `is ${generation}, and the server ${there}: a key is replaced by the next one, so set it to ${next} and run "pulumi up" again.`,
    },
  ];
}
