// Anthropic's cache breakpoints: where they may be set, and how many.
import type { Segment } from './answer';
import { invalidRequest } from './anthropicRefusals';
import { isJson, shown } from './wire';

/** The lifetime that a `cache_control` asks for; nothing where there is none. */
export function breakpointOf(control: unknown, at: string): Segment['ttl'] {
  if (control == null) return undefined;
  if (!isJson(control))
    throw invalidRequest(`${at}: Input should be a valid dictionary or object to extract fields from`);
  if (control.type !== 'ephemeral') {
    const tags = "does not match any of the expected tags: 'ephemeral'";
    throw invalidRequest(`${at}: Input tag '${shown(control.type)}' found using 'type' ${tags}`);
  }
  const ttl = control.ttl ?? '5m';
  if (ttl === '5m' || ttl === '1h') return ttl;
  throw invalidRequest(`${at}.ephemeral.ttl: Input should be '5m' or '1h'`);
}

/** At most four, and the ones that live longer come first. */
export function refuseBreakpoints(segments: readonly Segment[]): void {
  const ttls = segments.flatMap((segment) => segment.ttl ?? []);
  if (ttls.length > 4) {
    throw invalidRequest(`A maximum of 4 blocks with cache_control may be provided. Found ${ttls.length}.`);
  }
  const short = ttls.indexOf('5m');
  if (short >= 0 && ttls.includes('1h', short)) {
    throw invalidRequest(
      "messages: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are " +
        'processed in the following order: `tools`, `system`, `messages`.',
    );
  }
}
