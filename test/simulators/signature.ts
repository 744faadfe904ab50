// Seals on thoughts: opaque texts that only the simulator of one provider can have made. The providers sign or encrypt
// what their models think, hand it out, and want it back as it was.
import { createHash, createHmac } from 'node:crypto';
import type { Provider } from './wire';

/** What became of a sealed thought that came back: as it was, with another text beside it, or not from here at all. */
export type Seal = 'intact' | 'altered' | 'foreign';

/** The seal of a text, in the look of the provider's own. */
export function sealed(provider: Provider, text: string): string {
  const digest = createHash('sha256').update(text).digest().subarray(0, 24);
  const body = Buffer.concat([HEADER, digest, macOf(provider, digest)]);
  return provider === 'openai' ? OPENAI_PREFIX + body.toString('base64url') + '==' : body.toString('base64');
}

/** Whether a seal is one of this provider's, and of this text; without a text, whether it is one at all. */
export function checkSeal(provider: Provider, seal: unknown, text?: string): Seal {
  if (typeof seal !== 'string') return 'foreign';
  if (provider === 'openai' && !seal.startsWith(OPENAI_PREFIX)) return 'foreign';
  const body = Buffer.from(provider === 'openai' ? seal.slice(OPENAI_PREFIX.length) : seal, 'base64');
  const digest = body.subarray(HEADER.length, HEADER.length + 24);
  if (body.length !== HEADER.length + 48 || !body.subarray(HEADER.length + 24).equals(macOf(provider, digest)))
    return 'foreign';
  return text === undefined || sealed(provider, text) === seal ? 'intact' : 'altered';
}

// ---

/** What the real ones begin with. */
const OPENAI_PREFIX = 'gAAAAABo';
const HEADER = Buffer.from([0x12, 0x2c, 0x0a, 0x28, 0x08, 0x01]);

function macOf(provider: Provider, digest: Buffer): Buffer {
  return createHmac('sha256', `seal of the simulated ${provider}`).update(digest).digest().subarray(0, 24);
}
