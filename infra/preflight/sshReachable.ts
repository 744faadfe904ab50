// Waits for the server's sshd. The engine's own error, "dial tcp: i/o timeout", does not name the setting to look at.

import { connect } from 'node:net';

/** How to wait for a server. */
export interface ReachOptions {
  /** The address ranges for which the firewall opens the port; the advice names them. */
  readonly ranges: readonly string[];
  /** The SSH port. Default: 22. */
  readonly port?: number;
  /** Milliseconds to wait in all. Default: 180,000, which is enough for a first boot. */
  readonly patienceMs?: number;
  /** Milliseconds for one connection and its greeting. Default: 5,000. */
  readonly dialMs?: number;
}

/**
 * Waits until the server sends an SSH greeting.
 * @param address the server's IPv4 address
 * @param options port, ranges and times
 * @returns undefined once it has answered; else one sentence that names the setting to look at
 */
export async function reachServer(address: string, options: ReachOptions): Promise<string | undefined> {
  const { ranges, port = 22, patienceMs = patience, dialMs = 5_000 } = options;
  const end = Date.now() + patienceMs;
  for (;;) {
    const reason = await dial(address, port, dialMs);
    if (reason === undefined) return undefined;
    if (Date.now() >= end) return advice(address, port, reason, ranges);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

// ---

const patience = 180_000;

/** Connects once. Returns why no greeting came; undefined when one came. */
function dial(host: string, port: number, dialMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (reason?: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reason);
    };
    const timer = setTimeout(() => end('no answer'), dialMs);
    socket.on('data', () => end());
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.on('close', () => end('closed at once'));
  });
}

function advice(address: string, port: number, reason: string, ranges: readonly string[]): string {
  const again = 'then run "pulumi up" again, which goes on from here';
  // The server itself answered. Hetzner's firewall drops packets and answers nothing.
  if (/ECONNREFUSED|ECONNRESET|closed/.test(reason))
    return `ovth:server: the server at ${address} refuses SSH on port ${port} (${reason}): look at its console at Hetzner and wait until it has booted, or raise ovth:server.generation by one to build it anew (data and address stay), ${again}.`;
  return `ovth:ssh.admin_cidrs: the server at ${address} does not answer on port ${port} (${reason}), which is open to ${ranges.join(', ')} only: put this machine's address there (curl -s https://ipv4.icanhazip.com), and see that your own network lets port ${port} out and that the server runs, ${again}.`;
}
