// Whether the server's sshd answers this machine: the engine's own word, "dial tcp: i/o timeout", names none of our settings.

import { connect } from 'node:net';

export interface Reach {
  /** The ranges that the firewall lets in. */
  readonly ranges: readonly string[];
  readonly port?: number;
  /** How long a server may take to boot. */
  readonly patienceMs?: number;
  /** How long one try may take. */
  readonly dialMs?: number;
}

/**
 * Waits until the server answers on its SSH port.
 * @returns what the operator should look at when it does not; undefined when it does
 */
export async function reachServer(address: string, reach: Reach): Promise<string | undefined> {
  const { ranges, port = 22, patienceMs = patience, dialMs = 5_000 } = reach;
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

/** Why there was no greeting of an SSH server; undefined when there was. */
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
  // Somebody sent that answer: it is not the firewall, which lets packets vanish.
  if (/ECONNREFUSED|ECONNRESET|closed/.test(reason))
    return `ovth:server: the server at ${address} refuses SSH on port ${port} (${reason}): look at its console at Hetzner and wait until it has booted, or raise ovth:server.generation by one to build it anew (data and address stay), ${again}.`;
  return `ovth:ssh.admin_cidrs: the server at ${address} does not answer on port ${port} (${reason}), which is open to ${ranges.join(', ')} only: put this machine's address there (curl -s https://ipv4.icanhazip.com), and see that your own network lets port ${port} out and that the server runs, ${again}.`;
}
