// A whole answer on its way to the client: its bytes as they are on the same wire, translated on another; and error answers.

import { GatewayError } from '../core/errors';
import { type JsonScan, scanJsonInSlices } from '../core/jsonScan';
import type { Usage } from '../core/usage';
import { acrossWires, toClient } from '../upstream/headers';
import type { UpstreamResponse } from '../upstream/pool';
import { failureError, translateError } from '../upstream/providerErrors';
import { codecs } from '../wire';
import type { Codec } from '../wire/codec';
import { type AnswerTranslation, encodeContextOf } from './answerTranslation';
import { asBuffer } from './bodyWorker';
import type { Answered } from './context';
import type { ResponseContext } from './responseContext';
import type { ResponseProgress } from './responseProgress';

/** Passes a whole answer on. @throws GatewayError where it is none, or too large */
export async function relayWhole(
  answered: Answered<AnswerTranslation>,
  context: ResponseContext,
  progress: ResponseProgress,
): Promise<void> {
  const { response } = answered;
  const bytes = await response.readAll(context.limits.answer_bytes);
  progress.estimatedOutput = Math.ceil(bytes.length / 4);
  if (answered.kind !== 'translated') {
    if (answered.kind === 'passthrough') {
      const reading = usageOfWhole(codecs[answered.format], bytes);
      progress.usage = reading instanceof Promise ? await reading : reading;
    }
    // An answer without usage may be an error all the same.
    const clean = progress.usage === undefined ? context.ownKeys.bytes(bytes) : bytes;
    return endResponse(context, progress, response.status, toClient(response.headers), clean);
  }
  const { format, bodyWorker } = context;
  const stream = context.stream && !context.asList;
  const task = {
    bytes,
    spoken: answered.format,
    fixups: answered.translation.fixups,
    to: format,
    context: encodeContextOf(answered.translation, context),
    stream,
  };
  const translating = bodyWorker.run('translateResponse', task, bytes.length);
  const made = translating instanceof Promise ? await translating : translating;
  progress.usage = made.usage;
  progress.lost.push(...made.lost);
  for (const [name, parts] of made.kept) context.remember(name, parts);
  if (made.failure !== undefined) throw failureError(made.failure.kind, context.ownKeys.text(made.failure.message));
  const headers = acrossWires(response.headers, context.dialect);
  headers['content-type'] = stream ? 'text/event-stream; charset=utf-8' : 'application/json';
  const body = asBuffer(made.body);
  endResponse(context, progress, 200, headers, context.asList ? asList(body) : body);
}

/**
 * An error answer: as it is on the same wire but for our own keys, in the client's words otherwise, and where it is a page
 * (of a proxy before the provider) instead of an API's error. @throws GatewayError
 */
export async function relayError<T>(
  answered: Answered<T>,
  context: ResponseContext,
  progress: ResponseProgress,
): Promise<void> {
  const { response, kind, target } = answered;
  progress.failed = true;
  const bytes = context.ownKeys.bytes(await response.readAll(context.limits.error_body_bytes));
  if (kind !== 'translated' && !isPage(response))
    return endResponse(context, progress, response.status, cleanHeaders(toClient(response.headers), context), bytes);
  throw translateError(response.status, bytes, acrossWires(response.headers, context.dialect), target);
}

/** Sends a whole answer. */
export function endResponse(
  { raw, headers: ours }: ResponseContext,
  progress: ResponseProgress,
  status: number,
  headers: Record<string, string | number>,
  bytes: Buffer,
): void {
  Object.assign(headers, ours);
  headers['content-length'] = bytes.length;
  raw.writeHead(status, headers);
  progress.begun = true;
  progress.status = status;
  raw.end(bytes);
}

const answerBounds = { depth: 512, nodes: Infinity };

/** The usage in a whole answer: of a large one only its few bytes are parsed. */
export function usageOfWhole(
  codec: Pick<Codec, 'usageField' | 'usageIn'>,
  bytes: Buffer,
): Partial<Usage> | undefined | Promise<Partial<Usage> | undefined> {
  const usageIn = ({ fields }: JsonScan): Partial<Usage> | undefined => {
    const span = fields.get(codec.usageField);
    return (
      span && codec.usageIn({ [codec.usageField]: JSON.parse(bytes.toString('utf8', span.start, span.end)) as unknown })
    );
  };
  // What is no JSON has no usage; the bytes go on all the same.
  const none = (error: unknown): undefined => {
    if (!(error instanceof GatewayError) && !(error instanceof SyntaxError)) throw error;
  };
  try {
    const scanning = scanJsonInSlices(bytes, answerBounds);
    return scanning instanceof Promise ? scanning.then(usageIn).catch(none) : usageIn(scanning);
  } catch (error) {
    return none(error);
  }
}

// ---

function isPage({ headers }: Pick<UpstreamResponse, 'headers'>): boolean {
  return /\bhtml\b/i.test(String(headers['content-type'] ?? ''));
}

function cleanHeaders(headers: Record<string, string>, { ownKeys }: ResponseContext): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) headers[name] = ownKeys.text(value);
  return headers;
}

// Gemini's stream without `alt=sse` is a JSON list of pieces; one piece is a list too.
function asList(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from('['), bytes, Buffer.from(']')]);
}
