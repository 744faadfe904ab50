// Gemini answers as neutral events, whole and streamed: each piece of a stream has the shape of a whole answer. Source:
// Gemini API reference, "GenerateContentResponse".

import { believable, tokenCount, type Usage } from '../../core/usage';
import { chancesOfGemini } from '../shared/logprobs';
import type { Decoder, Frame, Json } from '../codec';
import { countOr, defined, isObject, listOr, objectOr, parseEvent, textOr } from '../shared/json';
import type { FailureKind, FinishReason, StreamEvent, TokenChance } from '../neutral';
import { openScribe, type Scribe } from '../shared/eventBuilder';

const refusals = new Set([
  'SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'LANGUAGE', 'IMAGE_SAFETY', 'IMAGE_PROHIBITED_CONTENT', 'IMAGE_RECITATION',
]); // prettier-ignore

// Thoughts are counted apart from candidates, and both are output. The cache is part of the prompt count.
export function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = value['usageMetadata'];
  if (!isObject(usage)) return undefined;
  const prompt = tokenCount(usage['promptTokenCount']) + tokenCount(usage['toolUsePromptTokenCount']);
  const cacheRead = Math.min(prompt, tokenCount(usage['cachedContentTokenCount']));
  const reasoning = tokenCount(usage['thoughtsTokenCount']);
  const audio = listOr(usage['promptTokensDetails'])
    .map(objectOr)
    .find((detail) => detail['modality'] === 'AUDIO');
  return believable({
    input: prompt - cacheRead,
    cacheRead,
    output: tokenCount(usage['candidatesTokenCount']) + reasoning,
    reasoning,
    inputAudio: tokenCount(audio?.['tokenCount']),
  });
}

export function readAnswer(body: Json): readonly StreamEvent[] {
  const scribe = openScribe();
  readPiece(body, scribe);
  scribe.done();
  return scribe.take();
}

export function openDecoder(): Decoder {
  const scribe = openScribe();
  return {
    push({ data }: Frame) {
      const piece = parseEvent(data);
      if (piece === undefined || scribe.finished) return [];
      if (isObject(piece['error'])) {
        scribe.failure(failureKind(piece['error']), textOr(piece['error']['message']));
        return scribe.take();
      }
      readPiece(piece, scribe);
      return scribe.take();
    },
    // The stream just ends; usage may come after the reason.
    end: () => (scribe.done(), scribe.take()),
  };
}

/** What kind of failure an error object of Google's is. */
export function failureKind(error: Json): FailureKind {
  const status = textOr(error['status']);
  if (status === 'UNAVAILABLE') return 'overloaded';
  if (status === 'RESOURCE_EXHAUSTED') return 'rate_limited';
  if (/input token count .* exceeds/.test(textOr(error['message']))) return 'too_long';
  return status === 'INVALID_ARGUMENT' ? 'bad_request' : 'other';
}

// ---

function readPiece(body: Json, scribe: Scribe): void {
  const id = textOr(body['responseId']);
  scribe.start(id, textOr(body['modelVersion']));
  const candidates = listOr(body['candidates']);
  if (candidates.length > 1) scribe.lost('candidates[1…]');
  const candidate = objectOr(candidates[0]);
  // Told of the candidate as a whole: they are its first text's.
  let chances = chancesOfGemini(candidate['logprobsResult']);
  for (const raw of listOr(objectOr(candidate['content'])['parts'])) {
    const part = objectOr(raw);
    readPart(part, id, scribe, chances);
    if (isAnswerText(part)) chances = [];
  }
  readCitations(candidate, scribe);
  scribe.usage(usageIn(body));
  const blocked = textOr(objectOr(body['promptFeedback'])['blockReason']);
  const reason = textOr(candidate['finishReason']);
  if (blocked !== '') scribe.finish('refusal');
  else if (reason !== '') scribe.finish(reasonOf(reason, scribe.calls > 0));
}

function isAnswerText(part: Json): boolean {
  return typeof part['text'] === 'string' && part['text'] !== '' && part['thought'] !== true;
}

function readPart(part: Json, id: string, scribe: Scribe, chances: readonly TokenChance[]): void {
  const text = textOr(part['text']);
  const signature = textOr(part['thoughtSignature']);
  const seal = () => {
    if (signature !== '') scribe.sealed({ format: 'generate', value: signature });
  };
  if (isObject(part['functionCall'])) {
    const call = part['functionCall'];
    scribe.close(); // the signature is the call's, not that of the thoughts before it
    seal();
    scribe.call(textOr(call['id']) || `call_${id || 'gemini'}_${scribe.calls + 1}`, textOr(call['name']));
    scribe.args(JSON.stringify(call['args'] ?? {}));
    scribe.close();
  } else if (part['thought'] === true) {
    scribe.reasoning(text);
    seal();
  } else if (part['text'] !== undefined) {
    scribe.text(text, chances);
    if (signature !== '') scribe.close();
    seal();
  } else {
    seal();
    const kind = Object.keys(part).find((key) => key !== 'thoughtSignature');
    if (kind !== undefined) scribe.lost(kind);
  }
}

function readCitations(candidate: Json, scribe: Scribe): void {
  for (const raw of listOr(objectOr(candidate['citationMetadata'])['citationSources'])) {
    const source = objectOr(raw);
    if (textOr(source['uri']) !== '') scribe.citation({ url: textOr(source['uri']), ...placeOf(source) });
  }
  const grounding = objectOr(candidate['groundingMetadata']);
  const chunks = listOr(grounding['groundingChunks']).map((chunk) => objectOr(objectOr(chunk)['web']));
  for (const raw of listOr(grounding['groundingSupports'])) {
    const support = objectOr(raw);
    for (const index of listOr(support['groundingChunkIndices'])) {
      const web = typeof index === 'number' ? chunks[index] : undefined;
      const url = textOr(web?.['uri']);
      const title = web?.['title'];
      if (url !== '')
        scribe.citation({
          url,
          ...defined({ title: typeof title === 'string' ? title : undefined }),
          ...placeOf(objectOr(support['segment'])),
        });
    }
  }
}

function placeOf(source: Json): { start?: number; end?: number } {
  return typeof source['endIndex'] === 'number'
    ? { start: countOr(source['startIndex']), end: source['endIndex'] }
    : {};
}

function reasonOf(raw: string, called: boolean): FinishReason {
  if (raw === 'MAX_TOKENS') return 'length';
  if (refusals.has(raw)) return 'refusal';
  if (raw === 'STOP') return called ? 'tool_calls' : 'stop'; // Gemini says STOP for tool calls too
  return 'other';
}
