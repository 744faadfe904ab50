// Ed25519 key pairs for SSH, derived from a seed, so that the program knows the box's host key before the box exists.

import { createHash, createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';

/** A key pair in OpenSSH's formats. */
export interface SshKeyPair {
  /** The text of a private key file, unencrypted. */
  readonly privateKey: string;
  /** The key as it stands in authorized_keys and known_hosts: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
}

/**
 * 32 bytes derived from the seed by HKDF-SHA256 (RFC 5869). The bytes of one purpose tell nothing about another's.
 * @param seed secret text of at least 256 bits
 * @param purpose any text; another purpose gives other bytes
 */
export function deriveBytes(seed: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', seed, 'ovth', purpose, 32));
}

/**
 * The key pair of a seed and a purpose. The same input always gives the same pair.
 * @param seed secret text of at least 256 bits
 * @param purpose any text; it is also the comment in the private key file
 */
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

/** The bytes before the 32 secret ones in a PKCS#8 Ed25519 key (RFC 8410). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * OpenSSH's own format, unencrypted, because Pulumi's state encrypts it. The format:
 * https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
 */
function privateKeyFile(secret: Buffer, point: Buffer, publicBlob: Buffer, comment: string): string {
  // The same four bytes twice: a reader compares them to see whether decryption worked. ssh-keygen takes random ones.
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
