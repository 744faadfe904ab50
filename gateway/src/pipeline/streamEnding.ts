// An answer ends at its end word. Where a format has none, or a host leaves it out, what may follow the reason to end (usage,
// other choices) is waited for while it comes, and not until the provider closes its connection: some keep it open.

import type { UpstreamResponse } from '../upstream/exchange';

/** The end of one stream. @param ms time that what may follow the reason to end has, from event to event */
export function openStreamEnding(response: Pick<UpstreamResponse, 'release'>, ms: number) {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let begun = false;
  const begin = (): void => {
    if (stopped) return;
    if (timer === undefined) timer = setTimeout(() => response.release(), ms);
    else timer.refresh();
  };
  return {
    /**
     * Waits from now on, or from when the client has taken what was written: until then the provider is held back.
     * @param isEvent an event has come, and no comment that keeps the connection alive: that one is no reason to wait longer
     */
    after(written: Promise<void> | undefined, isEvent: boolean): void {
      if (begun && !isEvent) return;
      begun = true;
      if (written === undefined) return begin();
      clearTimeout(timer);
      timer = undefined;
      written.then(begin, () => undefined);
    },
    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
