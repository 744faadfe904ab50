// SSH keys: `/ssh_keys`.
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { Refusal, invalid } from './refusal';
import { found, labels, list, read, rename, requireUnique, resourceName } from './request';
import type { Answer, Request, Routes } from './request';
import { newId, now, type SshKey } from './world';

/** The routes. */
export const sshKeyRoutes: Routes = {
  'GET /ssh_keys': ({ world, query }) => list('ssh_keys', [...world.sshKeys.values()], query),
  'POST /ssh_keys': create,
  'GET /ssh_keys/:id': (request) => one(found('SSH key', request.world.sshKeys, request)),
  'PUT /ssh_keys/:id': (request) => {
    const key = found('SSH key', request.world.sshKeys, request);
    const change = read(rename, request.body);
    if (change.name !== undefined) requireUnique('SSH key', request.world.sshKeys.values(), change.name, key.id);
    Object.assign(key, { name: change.name ?? key.name, labels: change.labels ?? key.labels });
    return one(key);
  },
  'DELETE /ssh_keys/:id': (request) => {
    request.world.sshKeys.delete(found('SSH key', request.world.sshKeys, request).id);
    return { status: 204 };
  },
};

// ---

function create({ world, body }: Request): Answer {
  const wanted = read(z.looseObject({ name: resourceName, public_key: z.string(), labels: labels.default({}) }), body);
  requireUnique('SSH key', world.sshKeys.values(), wanted.name);
  const fingerprint = fingerprintOf(wanted.public_key);
  if ([...world.sshKeys.values()].some((key) => key.fingerprint === fingerprint))
    throw new Refusal('uniqueness_error', 'SSH key not unique');
  const { name, public_key } = wanted;
  const key: SshKey = { id: newId(world), name, public_key, fingerprint, labels: wanted.labels, created: now() };
  world.sshKeys.set(key.id, key);
  return { status: 201, body: { ssh_key: key } };
}

/** The MD5 of the key's blob; a line that is none is refused. */
function fingerprintOf(line: string): string {
  const [type = '', text = ''] = line.trim().split(/\s+/);
  const blob = Buffer.from(text, 'base64');
  const length = blob.length > 4 ? blob.readUInt32BE(0) : 0;
  if (blob.subarray(4, 4 + length).toString() !== type || type === '')
    throw invalid('public_key', 'public key is invalid');
  return createHash('md5')
    .update(blob)
    .digest('hex')
    .replaceAll(/(..)(?!$)/g, '$1:');
}

function one(ssh_key: SshKey): Answer {
  return { status: 200, body: { ssh_key } };
}
