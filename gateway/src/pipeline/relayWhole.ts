// A whole answer on its way to the client: its bytes as they are on the same wire, translated on another; and error answers.

import { answerWork } from '../core/bodySize';
import { GatewayError } from '../core/errors';
import { openJsonSkeleton } from '../core/jsonSkeleton';
import { acrossWires, type HeaderList, toClient, withOwnHeaders } from '../upstream/headers';
import { withSearches } from '../core/usage';
import type { UpstreamResponse } from '../upstream/exchange';
import { failureError } from '../upstream/providerErrors';
import { readAll } from '../upstream/readAll';
import { type AnswerTranslation, encodeContextOf } from './answerTranslation';
import { answerFacts, type AnswerFormat } from '../wire';
import { usageAtEnd } from '../wire/inspectAnswer';
import { isObject } from '../wire/shared/json';
import { asBuffer } from './bodyWorker';
import { cleanFailure } from './cleanFailure';
import type { Answered, Local, Passthrough, Translated } from './context';
import { isMarkup, isPage } from './answerBody';
import { gatherOrPass } from './passLarge';
import type { ResponseContext } from './responseContext';
import { noteLost, type ResponseProgress } from './responseProgress';

/** Passes a whole answer on, unless it fails and another target is tried. @throws GatewayError where it is none, or too large */
export async function relayWhole(
  answered: Answered<AnswerTranslation>,
  context: ResponseContext,
  progress: ResponseProgress,
): Promise<void> {
  if (answered.kind !== 'translated') return passWhole(answered, context, progress);
  const bytes = await readWhole(answered.response, context);
  if (bytes === undefined) return;
  progress.estimatedOutput = Math.ceil(bytes.length / 4);
  progress.complete = true;
  try {
    await translateWhole(answered, bytes, context, progress);
  } catch (error) {
    if (!(error instanceof GatewayError) || !(await context.turn.moveOn(error))) throw error;
  }
}

/**
 * An error answer, which the failover has found to be `progress.failure`: as it is on the same wire, in the client's words
 * otherwise. @throws GatewayError
 */
export async function relayError<T>(
  answered: Answered<T>,
  context: ResponseContext,
  progress: ResponseProgress,
): Promise<void> {
  const { response, kind } = answered;
  if (progress.failure !== undefined && (kind === 'translated' || isPage(response))) throw progress.failure;
  const bytes = context.ownKeys.bytes(await readAll(response, context.limits.error_body_bytes));
  if (progress.failure !== undefined && isMarkup(bytes)) throw progress.failure;
  endResponse(context, progress, response.status, toClient(response.headers, context.ownKeys, context.headers), bytes);
}

/** Sends a whole answer. @param headers its provider's and ours, but for its length and cost, which are added */
export function endResponse(
  { raw, cost: costOf }: ResponseContext,
  progress: ResponseProgress,
  status: number,
  headers: HeaderList,
  bytes: Buffer,
): void {
  const cost = status < 300 && progress.failure === undefined ? costOf(progress) : undefined;
  if (cost !== undefined) headers.push('x-ovth-cost-usd', (cost / 1e9).toFixed(9));
  headers.push('content-length', bytes.length);
  raw.writeHead(status, headers);
  progress.begun = true;
  progress.status = status;
  raw.end(bytes);
}

/**
 * Reads a whole answer, whose bytes count against the memory that its key may hold; undefined where it broke off and another
 * target is tried. @throws GatewayError
 */
export async function readWhole(
  response: UpstreamResponse,
  { limits, turn, memory }: ResponseContext,
): Promise<Buffer | undefined> {
  try {
    return await readAll(response, limits.answer_bytes, (size) => memory.take(size));
  } catch (error) {
    if (error instanceof GatewayError && (await turn.moveOn(error))) return undefined;
    throw error;
  }
}

// ---

async function translateWhole(
  { response, format: spoken, translation }: Answered<AnswerTranslation> & Translated<AnswerTranslation>,
  bytes: Buffer,
  context: ResponseContext,
  progress: ResponseProgress,
): Promise<void> {
  const { format, bodyWorker } = context;
  const stream = context.stream && !context.asList;
  const task = {
    bytes,
    spoken,
    fixups: translation.fixups,
    to: format,
    context: encodeContextOf(translation, context),
    stream,
  };
  const translating = bodyWorker.run(context.owner, 'translateResponse', task, answerWork(bytes));
  const made = translating instanceof Promise ? await translating : translating;
  progress.usage = made.usage;
  if (made.refusal !== undefined) throw new GatewayError('upstream_garbage', { message: made.refusal });
  if (made.failure !== undefined) throw (progress.failure = failureError(cleanFailure(made.failure, context)));
  for (const what of made.lost) noteLost(progress, what);
  for (const [name, parts] of made.kept) context.remember(name, parts);
  const theirs = acrossWires(response.headers, context.dialect, context.ownKeys);
  theirs['content-type'] = stream ? 'text/event-stream; charset=utf-8' : 'application/json';
  const body = asBuffer(made.body);
  const headers = withOwnHeaders(theirs, context.headers);
  endResponse(context, progress, 200, headers, context.asList ? asList(body) : body);
}

// The provider's bytes as they are, whatever they say; but a failure in them is none to the ledger, and another target is
// tried where there is one.
async function passWhole(
  { response, ...answered }: Answered<AnswerTranslation> & (Passthrough | Local),
  context: ResponseContext,
  progress: ResponseProgress,
): Promise<void> {
  const format = answered.kind === 'passthrough' ? (answered.answerFormat ?? answered.format) : undefined;
  const searches = format === undefined ? undefined : answerFacts[format].searches?.openCounter();
  const skeleton = openJsonSkeleton();
  const passing = (passed: Buffer): void => {
    searches?.add(passed);
    skeleton.add(passed);
    progress.usage = withSearches(undefined, searches?.count() ?? 0); // should it break off
  };
  const isWhole = (): boolean => isObject(skeleton.value);
  const gathered = await gatherOrPass(response, context, progress, { passing, isWhole, isOutput: true });
  if (gathered === undefined) return;
  if ('tail' in gathered) {
    if (format === undefined) return;
    progress.usage = usageAtEnd(format, gathered.tail, searches);
    if (!skeleton.full) judgeSent(skeleton.value, format, context, progress);
    return;
  }
  const bytes = gathered.whole;
  progress.estimatedOutput = Math.ceil(bytes.length / 4);
  let passed = bytes;
  if (format !== undefined) {
    const inspecting = context.bodyWorker.run(context.owner, 'inspectAnswer', { format, bytes }, bytes.length);
    const { usage, failure: found } = inspecting instanceof Promise ? await inspecting : inspecting;
    progress.usage = usage;
    if (found !== undefined) {
      const failure =
        found === 'garbage' ? new GatewayError('upstream_garbage') : failureError(cleanFailure(found, context));
      if (await context.turn.moveOn(failure)) return;
      if (found === 'garbage' && isMarkup(bytes)) throw failure;
      progress.failure = failure;
      passed = context.ownKeys.bytes(bytes);
    }
  }
  endResponse(context, progress, response.status, toClient(response.headers, context.ownKeys, context.headers), passed);
}

// A large answer has been sent, and is booked as what it was. @param value undefined for what is no JSON, or a part of it.
// @throws GatewayError upstream_died for that: what came of it may be charged. What ends in its usage has come whole, though a
// stricter parser than its client's refuses it.
function judgeSent(
  value: unknown,
  format: AnswerFormat,
  context: Pick<ResponseContext, 'ownKeys'>,
  progress: ResponseProgress,
): void {
  if (!isObject(value)) {
    if (progress.usage?.input !== undefined && progress.usage.output !== undefined) return;
    progress.complete = false;
    throw new GatewayError('upstream_died');
  }
  const failure = answerFacts[format].failureIn(value, true);
  if (failure !== undefined) progress.failure = failureError(cleanFailure(failure, context));
}

// Gemini's stream without `alt=sse` is a JSON list of pieces; one piece is a list too.
function asList(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from('['), bytes, Buffer.from(']')]);
}
