// One sentence for a call to Hetzner's API that failed.

/**
 * One sentence for a call that failed: which variable to look at, and what to do.
 * @param message the provider's words
 * @param endpoint the API's address, when it is not Hetzner's own
 */
export function explainApiError(message: string, endpoint = process.env['HCLOUD_ENDPOINT']): string {
  if (/unauthorized|unable to authenticate/i.test(message))
    return 'HCLOUD_TOKEN: Hetzner does not accept this API token; make one with Read & Write in the console (your project, Security, API tokens).';
  const words = message.replaceAll(/\s+/g, ' ').slice(0, 300);
  if (/dial tcp|no such host|connection refused|timeout|EOF/i.test(message))
    return `HCLOUD_ENDPOINT: Hetzner's API cannot be reached${endpoint === undefined ? '' : ` at ${endpoint}`}; check this machine's network, then run it again (${words}).`;
  return `HCLOUD_TOKEN: Hetzner's API did not say what there is; run it again in a minute (${words}).`;
}
