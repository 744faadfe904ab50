// Calls of a running gateway's administration from the command line. The credential comes from the environment or from the
// gateway's own files, never from the command line, where others on the machine could read it.

import { plainHttpAllowed } from '../../../config/plainHttp';
import type { Environment } from '../../../config/load';
import { Secret } from '../../../config/secret';
import { localMasterKey, type ProcessOptions, readProcessOptions, withDotEnv } from '../app/environment';
import { UsageError } from './options';
import { quietMs } from './progress';

/** What the gateway answered that is no success. The message is its own. */
export class AdminRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Nothing answers at the address. */
export class GatewayUnreachable extends Error {}

export interface AdminClient {
  /**
   * The answer's body.
   * @param idempotencyKey of what must be done once: where no answer comes it is asked for again
   * @throws AdminRefusal, GatewayUnreachable
   */
  call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
    idempotencyKey?: string,
  ): Promise<unknown>;
}

/** An answer of the administration comes in this time, also from a busy machine. */
const answerMs = 60_000;
/** Times that something with an idempotency key is asked for, and the time between them. */
const mostTimes = 3;
const betweenMs = 1_000;

/**
 * A client of the gateway at a URL; without one, of the gateway that this machine's settings say.
 * @param url such as `https://llm.example.com`
 * @throws UsageError where the address or the credential is none
 */
export function openAdminClient(url: string | undefined): AdminClient {
  const environment = withDotEnv(process.env);
  const options = readProcessOptions(environment);
  const given = url ?? environment['OVTH_URL'];
  const base = given === undefined ? localUrl(options) : checkedUrl(given);
  const secret = credentialOf(environment, given === undefined ? options : undefined);
  const ask: AdminClient['call'] = async (method, path, body, idempotencyKey) => {
    const { status, text } = await exchange(base + path, {
      method,
      headers: {
        ...{ authorization: `Bearer ${secret.reveal()}`, 'content-type': 'application/json' },
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': `"${idempotencyKey}"` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (status >= 400) throw new AdminRefusal(status, messageOf(text) ?? `the gateway answered ${status}.`);
    return JSON.parse(text) as unknown;
  };
  return {
    async call(method, path, body, idempotencyKey) {
      for (let time = 1; ; time++) {
        try {
          return await ask(method, path, body, idempotencyKey);
        } catch (error) {
          // A refusal of a later try says nothing of the first one, which may have been done.
          if (idempotencyKey === undefined || !isOurs(error) || (time === 1 && !isUnsure(error))) throw error;
          if (time === mostTimes || !isUnsure(error)) throw unsureError(error, idempotencyKey);
          await new Promise((resolve) => setTimeout(resolve, betweenMs));
        }
      }
    },
  };
}

// ---

async function exchange(url: string, request: RequestInit): Promise<{ status: number; text: string }> {
  const { origin } = new URL(url);
  const waiting = setTimeout(() => console.error(`waiting for the gateway at ${origin}`), quietMs);
  try {
    const answer = await fetch(url, { ...request, redirect: 'error', signal: AbortSignal.timeout(answerMs) });
    return { status: answer.status, text: await answer.text() };
  } catch (error) {
    throw new GatewayUnreachable(
      `no gateway answers at ${origin} (${causeOf(error)}); start it, or name its address by --url or OVTH_URL.`,
    );
  } finally {
    clearTimeout(waiting);
  }
}

type ClientError = GatewayUnreachable | AdminRefusal;

function isOurs(error: unknown): error is ClientError {
  return error instanceof GatewayUnreachable || error instanceof AdminRefusal;
}

// No answer, or none of the administration itself: what was asked for may have been done.
function isUnsure(error: ClientError): boolean {
  return error instanceof GatewayUnreachable || error.status >= 500;
}

function unsureError(error: ClientError, idempotencyKey: string): Error {
  const message = `${error.message} It may have been done all the same: the same command with --idempotency-key ${idempotencyKey} does it once in all.`;
  return error instanceof AdminRefusal ? new AdminRefusal(error.status, message) : new GatewayUnreachable(message);
}

function localUrl({ host, port }: ProcessOptions): string {
  if (port === 0) throw new UsageError('OVTH_PORT is 0, which says no port: name the address by --url or OVTH_URL.');
  const named = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${named.includes(':') ? `[${named}]` : named}:${port}`;
}

function checkedUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '')
    throw new UsageError('--url (OVTH_URL) takes an address such as https://llm.example.com, without a path.');
  if (url.protocol === 'http:' && !plainHttpAllowed(text))
    throw new UsageError('--url (OVTH_URL) must be https://: the credential would cross the network in the clear.');
  return url.origin;
}

// The files are those of the gateway on this machine: their master key is sent to no other.
function credentialOf(environment: Environment, local: ProcessOptions | undefined): Secret {
  const { OVTH_ADMIN_CREDENTIAL: own, OVTH_MASTER_KEY: master } = environment;
  const given = own?.trim() ?? (local === undefined ? master?.trim() : undefined);
  if (given !== undefined && given !== '') return new Secret(given);
  const found = local === undefined ? undefined : localMasterKey(local, environment);
  if (found !== undefined) return found;
  throw new UsageError(
    `set OVTH_MASTER_KEY to the gateway's master key, or OVTH_ADMIN_CREDENTIAL to a credential with the scope "keys"${local === undefined ? '' : '; the data folder holds no master.key'}.`,
  );
}

function messageOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message : undefined;
  } catch {
    return undefined;
  }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.name : 'unknown';
}
