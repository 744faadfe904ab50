// Whether a body that is passed on in its own format shows its target media that the target refuses, by the types that the
// body declares for them.

import type { Target } from '../../../config/target';
import type { Format } from './neutral';
import { kindOf } from './shared/media';
import { unshownMedium } from './shared/shownMedia';

/**
 * Whether inlined media are declared of a type that a target cannot be shown.
 * @returns true also for some bodies without any: only the bytes are searched
 */
export function declaresUnshownMedia(format: Format, target: Target, body: Buffer): boolean {
  const seen = new Set<string>();
  for (const mark of marks[format])
    for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) {
      const mime = typeBehind.exec(body.toString('latin1', at + mark.length, at + mark.length + longestType))?.[1];
      if (mime === undefined || seen.has(mime)) continue;
      if (seen.size >= mostTypes) return true;
      seen.add(mime);
      const media = { type: 'media', kind: kindOf(mime), mime: mime.toLowerCase(), data: '' } as const;
      if (unshownMedium(media, format, target) !== undefined) return true;
    }
  return false;
}

// ---

/** What stands before the type of an inlined medium. */
const marks: Readonly<Record<Format, readonly Buffer[]>> = {
  chat: [Buffer.from('data:')],
  responses: [Buffer.from('data:')],
  messages: [Buffer.from('"media_type"')],
  generate: [Buffer.from('"mimeType"'), Buffer.from('"mime_type"')],
};

const typeBehind = /^(?:\s*:\s*")?([a-z]+\/[\w.+-]+)[;,"]/i;
const longestType = 120;
/** Types that are looked at: a body with more is taken for one with such media. */
const mostTypes = 50;
