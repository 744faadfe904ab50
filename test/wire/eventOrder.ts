// The order that every sequence of neutral events keeps (wire/neutral.ts, StreamEvent).

import type { StreamEvent } from '../../gateway/src/wire/neutral';

/** The first event out of order; undefined where there is none. @param broken the sequence may break off before its end */
export function disorderOf(events: readonly StreamEvent[], broken = false): string | undefined {
  let open = false;
  let started = false;
  let over = false;
  for (const one of events) {
    if (one.type === 'lost') continue;
    if (over) return `${one.type} after the end`;
    if (!started && one.type !== 'start') return `${one.type} before the start`;
    if (one.type === 'start' && started) return 'a second start';
    if (one.type === 'open' && open) return 'open inside an open part';
    if ((one.type === 'delta' || one.type === 'close' || one.type === 'citation' || one.type === 'logprobs') && !open)
      return `${one.type} outside a part`;
    started = true;
    if (one.type === 'open') open = true;
    if (one.type === 'close') open = false;
    over = one.type === 'finish' || one.type === 'failure';
  }
  return over || broken ? undefined : 'no end';
}
