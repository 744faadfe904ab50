// Ed25519 key pairs for SSH, derived from a seed: the program knows the box's host key before the box exists.

import { createHash, createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';

export interface SshKeyPair {
  /** As in an OpenSSH private key file. */
  readonly privateKey: string;
  /** As in a line of authorized_keys or known_hosts: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
}

/**
 * 32 bytes for one purpose; different purposes cannot be told from one another.
 * @param seed secret text of at least 256 bits
 */
export function deriveBytes(seed: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', seed, 'ovth', purpose, 32));
}

/** The key pair of a seed and a purpose; always the same one. */
export function deriveSshKey(seed: string, purpose: string): SshKeyPair {
  const secret = deriveBytes(seed, purpose);
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, secret]), format: 'der', type: 'pkcs8' });
  const point = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const publicBlob = Buffer.concat([text(algorithm), bytes(point)]);
  return {
    privateKey: privateKeyFile(secret, point, publicBlob, purpose),
    publicKey: `${algorithm} ${publicBlob.toString('base64')}`,
  };
}

// ---

const algorithm = 'ssh-ed25519';

/** What comes before the 32 secret bytes in a PKCS#8 Ed25519 key (RFC 8410). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/** OpenSSH's own format (PROTOCOL.key), unencrypted: Pulumi's state encrypts it. */
function privateKeyFile(secret: Buffer, point: Buffer, publicBlob: Buffer, comment: string): string {
  // Twice the same number, by which a reader sees that decryption worked; random in ssh-keygen, derived here.
  const check = createHash('sha256').update(publicBlob).digest().subarray(0, 4);
  const inner = [check, check, text(algorithm), bytes(point), bytes(Buffer.concat([secret, point])), text(comment)];
  const body = Buffer.concat(inner);
  const padding = Buffer.from(Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, i) => i + 1));
  const one = Buffer.from([0, 0, 0, 1]);
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[text('none'), text('none'), text(''), one],
    ...[bytes(publicBlob), bytes(Buffer.concat([body, padding]))],
  ]);
  const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}

function bytes(value: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.length);
  return Buffer.concat([length, value]);
}

function text(value: string): Buffer {
  return bytes(Buffer.from(value));
}
