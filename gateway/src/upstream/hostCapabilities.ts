// What hosts have turned out not to serve, by their base URL and account. Learnt from their refusals, and forgotten after a
// while: hosts are updated, a proxy's passing trouble looks the same, and an organisation may be verified any day.

/**
 * What a host may lack: `responses`, it serves chat completions only, whatever the settings say; `summaries`, it tells no
 * reasoning to an organisation that is not verified (https://help.openai.com/en/articles/10910291-api-organization-verification,
 * 2026-11).
 */
export type HostLack = 'responses' | 'summaries';

export interface HostCapabilities {
  /** @param now milliseconds since 1970 */
  lacks(what: HostLack, baseUrl: string, account: string, now: number): boolean;
  setLacks(what: HostLack, baseUrl: string, account: string, now: number): void;
}

const rememberedMs = 60 * 60_000;

/** Base URLs and accounts come from the configuration only, so that there are few. */
export function openHostCapabilities(): HostCapabilities {
  const lackingUntil = new Map<string, number>();
  return {
    lacks(what, baseUrl, account, now) {
      if (lackingUntil.size === 0) return false;
      const left = (lackingUntil.get(`${what} ${baseUrl} ${account}`) ?? 0) - now;
      return left > 0 && left <= rememberedMs; // the clock may have been set back
    },
    setLacks: (what, baseUrl, account, now) =>
      void lackingUntil.set(`${what} ${baseUrl} ${account}`, now + rememberedMs),
  };
}
