// Google's generateContent, streamGenerateContent and countTokens: shapes and streams. What is refused is in geminiRequest.ts.
import { answer, inputTokens, tokens, type Answer, type Citation, type Conversation, type Segment } from './answer';
import type { Fault } from './fault';
import { googleDocument, JSON_TYPE, printed, sseEvent, streamKind } from './geminiDocument';
import { callIdAfterSearch, searchParts } from './geminiHosted';
import { camel, collect, names, type Unknown } from './geminiNames';
import { googleInvalid, googleNoModel, googleUnknownNames } from './geminiRefusals';
import { parseGoogle, readContentRequest, readGenerate, type GenerateRequest } from './geminiRequest';
import { isThird } from './geminiThinking';
import { newId } from './id';
import { findModel, type Model } from './models';
import { accountForPrefix } from './promptCache';
import { sealed } from './signature';
import { piecesOf } from './speech';
import { isJson, type Asked, type Json, type Reply, type Request, type Usage } from './wire';

/** Content to be generated, streamed or not. */
export function readContent(request: Request, match: RegExpExecArray): Asked {
  const { name, model } = modelOf(request, match);
  const kind = streamKind(request);
  const asked = readGenerate(request.body, model);
  return {
    model: name,
    stream: kind !== 'none',
    prompt: asked.prompt,
    reply(fault) {
      const said = answer(asked.conversation, fault);
      accountForPrefix(said.usage, asked.conversation, '', request.memory, fault);
      const content: Content = { model: name, id: newId('', 22), asked, said, fault };
      const usage = fault.noUsage ? undefined : said.usage;
      const chunks = fault.block ? [blocked(content)] : kind === 'none' ? [whole(content)] : streamed(content);
      if (kind === 'none') return { ...googleDocument(200, chunks[0]), usage };
      return { ...streamOf(chunks, kind), usage };
    },
  };
}

/** Content to be counted: the same numbers as its answer will report. */
export function readCount(request: Request, match: RegExpExecArray): Asked {
  const { name, model } = modelOf(request, match);
  const body = camel(parseGoogle(request.body));
  const unknown: Unknown = [];
  collect(body, COUNTED, '', unknown);
  if (unknown.length > 0) throw googleUnknownNames(unknown);
  const inner = body.generateContentRequest;
  if (inner !== undefined && body.contents !== undefined)
    throw googleInvalid('Only one of `contents` and `generate_content_request` can be set.');
  const { conversation, prompt } = readContentRequest(isJson(inner) ? inner : body, model);
  const totalTokens = inputTokens(conversation.segments);
  const count = { totalTokens, promptTokensDetails: modalities(conversation.segments, totalTokens) };
  return { model: name, stream: false, prompt, reply: () => googleDocument(200, count) };
}

// ---

const COUNTED = names('contents generateContentRequest model');

function modelOf(request: Request, match: RegExpExecArray): { name: string; model: Model } {
  const name = decodeURIComponent(match[1] ?? '');
  const model = findModel('google', name);
  if (!model || model.output === 0) throw googleNoModel(name, request.path);
  return { name, model };
}

interface Content {
  model: string;
  id: string;
  asked: GenerateRequest;
  said: Answer;
  fault: Fault;
}

const FINISH = {
  stop: 'STOP',
  pause: 'STOP',
  length: 'MAX_TOKENS',
  tool: 'STOP',
  refusal: 'SAFETY',
  filter: 'SAFETY',
} as const satisfies Record<Answer['finish'], string>;

const RATINGS = [{ category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true }];

function whole(content: Content): Json {
  const { said, asked } = content;
  const thought = asked.thinking.shown ? thoughts(said.thought) : [];
  const parts = [...thought, ...hosted(content), ...texts([said.text]), ...callParts(content)];
  return chunk(content, parts, said.usage, true);
}

function streamed(content: Content): Json[] {
  const { said, asked, fault } = content;
  const groups: Json[][] = [
    ...(asked.thinking.shown ? piecesOf(said.thought).map(thoughts) : []),
    ...hosted(content).map((part) => [part]),
    ...piecesOf(said.text, fault.chunks).map((text) => texts([text])),
  ];
  if (said.calls.length > 0) groups.push(callParts(content));
  // What it thought of a text is signed at its end, in a part of its own that says nothing.
  const signs = said.thought !== '' && isThird(content.model) && said.calls.length === 0 && said.text !== '';
  if (signs) groups.at(-1)?.push({ text: '', thoughtSignature: sealed('google', said.thought) });
  if (groups.length === 0) groups.push([]);
  let sent = 0;
  return groups.map((parts, n) => {
    const last = n === groups.length - 1;
    const text = parts
      .map((part) => (part.thought === true || typeof part.text !== 'string' ? '' : part.text))
      .join('');
    sent += Buffer.byteLength(text);
    // Cumulative: what has come so far, and with the last chunk what has come in all.
    const reasoning = said.usage.reasoning ?? 0;
    const output = last ? said.usage.output : Math.min(reasoning + tokens(sent), said.usage.output);
    return chunk(content, parts, { ...said.usage, output }, last);
  });
}

/** The prompt itself was not let through: an answer without candidates, and no error. */
function blocked({ model, id, asked, said }: Content): Json {
  return {
    promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
    usageMetadata: usageOf({ input: said.usage.input, output: 0 }, asked.conversation),
    modelVersion: model,
    responseId: id,
  };
}

function thoughts(text: string): Json[] {
  return text === '' ? [] : [{ text, thought: true }];
}

function texts(list: readonly string[]): Json[] {
  return list.filter((text) => text !== '').map((text) => ({ text }));
}

/** What Google's own tools did, where the answer is to hold it. */
function hosted({ asked, said, id }: Content): Json[] {
  return asked.conversation.circulates === true && said.search ? searchParts(said.search, id) : [];
}

function callParts({ model, said, id }: Content): Json[] {
  // Gemini 3 names its calls; the first of them carries what it thought, of older models only if they did.
  const third = isThird(model);
  const signature = third || said.thought !== '' ? sealed('google', said.thought) : undefined;
  return said.calls.map((call, n) => ({
    functionCall: {
      name: call.name,
      args: call.args,
      ...(third && { id: said.search ? callIdAfterSearch(id, n) : newId('', 8) }),
    },
    ...(n === 0 && signature !== undefined && { thoughtSignature: signature }),
  }));
}

/** A whole answer, or one chunk of it. */
function chunk({ model, id, asked, said, fault }: Content, parts: Json[], usage: Usage, last: boolean): Json {
  const candidate = {
    content: { ...(parts.length > 0 && { parts }), role: 'model' },
    ...(last && { finishReason: FINISH[said.finish] }),
    index: 0,
    ...(last && said.finish === 'tool' && { finishMessage: 'Model generated function call(s).' }),
    ...(last && FINISH[said.finish] === 'SAFETY' && { safetyRatings: RATINGS }),
    ...(last && said.citation && { groundingMetadata: grounding(said, said.citation) }),
  };
  return {
    candidates: [candidate],
    ...(!fault.noUsage && { usageMetadata: usageOf(usage, asked.conversation) }),
    modelVersion: model,
    responseId: id,
  };
}

/** Places are counted in bytes. */
function grounding({ search, text: all }: Answer, { start, end, text, title, url }: Citation): Json {
  const pages = search?.pages ?? [{ title, url }];
  const [startIndex, endIndex] = [start, end].map((at) => Buffer.byteLength(all.slice(0, at)));
  return {
    ...(search && { searchEntryPoint: { renderedContent: `<a href="https://google.com/search">${search.query}</a>` } }),
    webSearchQueries: [search?.query ?? text.slice(0, 40)],
    groundingChunks: pages.map((page) => ({ web: { uri: page.url, title: page.title } })),
    groundingSupports: [{ segment: { startIndex, endIndex, text }, groundingChunkIndices: [0] }],
  };
}

/** Thoughts are counted apart from candidates, and what came from a cache is part of the prompt. */
function usageOf(usage: Usage, { segments }: Pick<Conversation, 'segments'>): Json {
  const { input, output, reasoning = 0, cached = 0 } = usage;
  const said = output - reasoning;
  return {
    promptTokenCount: input,
    ...(said > 0 && { candidatesTokenCount: said }),
    totalTokenCount: input + output,
    ...(cached > 0 && { cachedContentTokenCount: cached }),
    promptTokensDetails: modalities(segments, input),
    ...(cached > 0 && { cacheTokensDetails: [{ modality: 'TEXT', tokenCount: cached }] }),
    ...(reasoning > 0 && { thoughtsTokenCount: reasoning }),
    serviceTier: 'standard',
  };
}

function modalities(segments: readonly Segment[], total: number): Json[] {
  const counts = new Map<string, number>();
  for (const { modality, bytes } of segments)
    if (modality) counts.set(modality, (counts.get(modality) ?? 0) + tokens(bytes));
  const media = [...counts.values()].reduce((sum, one) => sum + one, 0);
  const text = { modality: 'TEXT', tokenCount: Math.max(0, total - media) };
  return [text, ...[...counts].map(([modality, tokenCount]) => ({ modality, tokenCount }))];
}

function streamOf(chunks: readonly Json[], kind: 'sse' | 'array'): Reply {
  const pieces =
    kind === 'sse'
      ? chunks.map(sseEvent)
      : chunks.map((one, n) => `${n === 0 ? '[' : ',\n'}${printed(one)}${n === chunks.length - 1 ? ']\n' : ''}`);
  return { status: 200, contentType: kind === 'sse' ? 'text/event-stream' : JSON_TYPE, pieces, streamed: true };
}
