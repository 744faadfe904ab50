// What hosts have turned out not to serve, by their base URL and account. Learnt from their refusals, and forgotten after a
// while: hosts are updated, and a proxy's passing trouble looks the same.

export interface HostCapabilities {
  /** The host serves chat completions and no Responses, whatever the settings say. @param now milliseconds since 1970 */
  isChatOnly(baseUrl: string, account: string, now: number): boolean;
  setChatOnly(baseUrl: string, account: string, now: number): void;
}

const rememberedMs = 60 * 60_000;

/** Base URLs and accounts come from the configuration only, so that there are few. */
export function openHostCapabilities(): HostCapabilities {
  const chatOnlyUntil = new Map<string, number>();
  return {
    isChatOnly(baseUrl, account, now) {
      if (chatOnlyUntil.size === 0) return false;
      const left = (chatOnlyUntil.get(`${baseUrl} ${account}`) ?? 0) - now;
      return left > 0 && left <= rememberedMs; // the clock may have been set back
    },
    setChatOnly: (baseUrl, account, now) => void chatOnlyUntil.set(`${baseUrl} ${account}`, now + rememberedMs),
  };
}
