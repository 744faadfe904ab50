// Switches a server on at Hetzner. The provider plugin knows nothing of a server's power.

/** Where Hetzner's API is, and who asks. */
export interface HetznerApi {
  readonly token: string;
  /** Default: Hetzner's own. */
  readonly endpoint?: string | undefined;
}

/**
 * Switches the server on; it is not waited for.
 * @returns undefined once Hetzner has taken the order, else why not
 */
export async function powerOn(serverId: number, { token, endpoint }: HetznerApi): Promise<string | undefined> {
  const url = `${endpoint ?? 'https://api.hetzner.cloud/v1'}/servers/${serverId}/actions/poweron`;
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(15_000),
    });
    return answer.ok ? undefined : `Hetzner answered ${answer.status}`;
  } catch (error) {
    return `Hetzner did not answer (${error instanceof Error ? error.message : String(error)})`;
  }
}
