// An S3-compatible server as a process of its own, in a folder of its own. `npm ci --prefix test/s3` installs it.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { node } from './child';
import { closingOnce } from './opened';

/** A server with one bucket. */
export interface S3Server {
  readonly port: number;
  readonly bucket: string;
  readonly keys: { readonly access_key_id: string; readonly secret_access_key: string };
  /** The objects' names. */
  objects(): string[];
  close(): Promise<void>;
}

const program = join(process.cwd(), 'test/s3/node_modules/s3rver/bin/s3rver.js');

/** Whether the server is installed; a loud word where it is not. */
export function s3Installed(): boolean {
  if (existsSync(program)) return true;
  console.warn('SKIPPED: there is no S3 server to copy to; run: npm ci --prefix test/s3 --ignore-scripts');
  return false;
}

/** Starts it on loopback. @param folder where it keeps what it is given */
export async function startS3(folder: string): Promise<S3Server> {
  const bucket = 'backup';
  mkdirSync(folder, { recursive: true });
  const child = spawn(node, [program, '-d', folder, '-a', '127.0.0.1', '-p', '0', '--configure-bucket', bucket], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const close = closingOnce(() => {
    child.kill('SIGKILL');
    return ended;
  });
  let output = '';
  const port = await new Promise<number>((resolve, reject) => {
    const hear = (part: Buffer) => {
      output += part.toString();
      const found = /listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
      if (found !== undefined) resolve(Number(found));
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void ended.then(() => reject(new Error(`the S3 server ended: ${output}`)));
  });
  return {
    port,
    bucket,
    // The keys that s3rver knows.
    keys: { access_key_id: 'S3RVER', secret_access_key: 'S3RVER' },
    objects: () =>
      readdirSync(join(folder, bucket), { recursive: true })
        .map(String)
        .filter((name) => name.endsWith('._S3rver_object')),
    close,
  };
}
