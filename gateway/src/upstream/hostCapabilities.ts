// What hosts have turned out not to serve, by their base URL. Learnt from their refusals, and forgotten at a restart.

export interface HostCapabilities {
  /** The host serves chat completions and no Responses, whatever the settings say. */
  isChatOnly(baseUrl: string): boolean;
  setChatOnly(baseUrl: string): void;
}

/** Base URLs come from the configuration only, so that there are few. */
export function openHostCapabilities(): HostCapabilities {
  const chatOnly = new Set<string>();
  return {
    isChatOnly: (baseUrl) => chatOnly.has(baseUrl),
    setChatOnly: (baseUrl) => void chatOnly.add(baseUrl),
  };
}
