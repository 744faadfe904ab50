// Sending: to one candidate after another until one answers. Nothing has reached the client yet.

import { GatewayError } from '../core/errors';
import type { UpstreamResponse } from '../upstream/pool';
import { retryAfterMs } from '../upstream/targetHealth';
import type { Answered, Candidate, Exchange, ProviderRefusal } from './context';
import { healthName } from './plan';
import type { SendProgress } from './responseProgress';

type Candidates<T> = AsyncGenerator<Candidate<T> | undefined, undefined, ProviderRefusal | undefined>;

/**
 * Sends to the candidates in turn. A client's own 4xx ends it at once; the last failure is returned as the answer it was,
 * or thrown where there was none.
 * @param progress is told of every attempt, so that what is booked names the target that was sent to
 * @throws GatewayError upstream_unreachable, upstream_timeout, upstream_garbage, or the reason the client's signal gives
 */
export async function failover<T>(
  first: Candidate<T>,
  candidates: Candidates<T>,
  exchange: Exchange,
  progress: SendProgress & { firstByteAt: number | undefined },
): Promise<Answered<T>> {
  let candidate = first;
  for (;;) {
    const tried = await attempt(candidate, exchange, progress);
    if (tried.kind === 'answered') {
      const { response, moveOn } = tried;
      const reworded = mayReword(candidate, response)
        ? await rewording(response, candidates, exchange)
        : ({ kind: 'as-it-is', response } as const);
      if (reworded.kind === 'again') {
        candidate = reworded.candidate;
        continue;
      }
      settleHealth(candidate, reworded.response, moveOn, exchange, progress);
      if (!moveOn) return { ...candidate, response: reworded.response };
      const next = (await candidates.next()).value;
      if (next === undefined) {
        if (!isGarbage(response)) return { ...candidate, response: reworded.response };
        response.cancel();
        throw new GatewayError('upstream_garbage');
      }
      response.cancel();
      candidate = next;
      continue;
    }
    // A request that was sent whole and never answered may have been done: another try could be paid twice.
    const next = tried.error.code === 'upstream_timeout' ? undefined : (await candidates.next()).value;
    if (next === undefined) throw tried.error;
    candidate = next;
  }
}

// ---

type Tried =
  | { readonly kind: 'answered'; readonly response: UpstreamResponse; readonly moveOn: boolean }
  | { readonly kind: 'failed'; readonly error: GatewayError };

// Statuses after which another target may do better: the failure is the provider's or our credential's, not the client's.
const worthAnother = new Set([401, 408, 429, 500, 502, 503, 504, 529]);

async function attempt<T>(
  candidate: Candidate<T>,
  { services, client }: Exchange,
  progress: SendProgress & { firstByteAt: number | undefined },
): Promise<Tried> {
  const { target, account } = candidate;
  progress.target = target;
  progress.account = account;
  if (candidate.kind === 'local') return { kind: 'answered', response: candidate.response, moveOn: false };
  progress.format = candidate.format;
  for (let tries = 0; ; tries++) {
    const startedAt = services.now();
    const note = (status: number, cause?: string) =>
      progress.attempts.push({
        target: target.label,
        account: account.name,
        status,
        ...(cause === undefined ? {} : { cause }),
        ms: services.now() - startedAt,
      });
    try {
      const response = await services.upstream.send(candidate.request, client);
      progress.firstByteAt = services.now();
      note(response.status);
      return { kind: 'answered', response, moveOn: worthAnother.has(response.status) || isGarbage(response) };
    } catch (error) {
      if (client.reason !== undefined || !(error instanceof GatewayError)) throw error;
      note(0, error.code);
      services.health.failed(healthName(target, account), services.now());
      if (tries > 0 || !wasStale(error)) return { kind: 'failed', error };
    }
  }
}

function mayReword<T>(candidate: Candidate<T>, { status }: UpstreamResponse): boolean {
  return candidate.kind !== 'local' && candidate.rewordAfter?.has(status) === true;
}

// A refusal that another way to put the request may avoid is read whole, and the candidates are asked for that way.
async function rewording<T>(
  response: UpstreamResponse,
  candidates: Candidates<T>,
  { config }: Exchange,
): Promise<{ kind: 'again'; candidate: Candidate<T> } | { kind: 'as-it-is'; response: UpstreamResponse }> {
  const body = await response.readAll(config.limits.error_body_bytes);
  const other = (await candidates.next({ status: response.status, body })).value;
  if (other !== undefined) return { kind: 'again', candidate: other };
  return { kind: 'as-it-is', response: alreadyRead(response, body) };
}

function settleHealth<T>(
  { kind, target, account }: Candidate<T>,
  response: UpstreamResponse,
  failed: boolean,
  { services }: Exchange,
  { attempts }: SendProgress,
): void {
  if (kind === 'local') return;
  const name = healthName(target, account);
  if (!failed) return services.health.succeeded(name, attempts.at(-1)?.ms ?? 0);
  const asked = response.status === 429 || response.status === 503;
  const now = services.now();
  services.health.failed(name, now, asked ? retryAfterMs(response.headers['retry-after'], now) : undefined);
}

/** An answer whose body had to be looked at, as if it had not been. */
export function alreadyRead(
  { status, headers }: Pick<UpstreamResponse, 'status' | 'headers'>,
  body: Buffer,
): UpstreamResponse {
  return {
    status,
    headers,
    readAll: () => Promise.resolve(body),
    forEachChunk: async (take) => take(body),
    cancel: () => undefined,
  };
}

// The provider closed an idle connection just as we wrote to it: nothing was processed.
function wasStale(error: GatewayError): boolean {
  const cause = error.cause as { code?: string; socket?: { bytesRead?: number } } | undefined;
  return (
    error.code === 'upstream_unreachable' &&
    (cause?.code === 'UND_ERR_SOCKET' || cause?.code === 'ECONNRESET' || cause?.code === 'EPIPE') &&
    (cause.socket?.bytesRead ?? 1) > 0
  );
}

function isGarbage(response: UpstreamResponse): boolean {
  if (response.status >= 300 && response.status < 400) return true; // redirects are never followed
  const type = response.headers['content-type'];
  return response.status < 300 && typeof type === 'string' && !/json|event-stream/.test(type);
}
