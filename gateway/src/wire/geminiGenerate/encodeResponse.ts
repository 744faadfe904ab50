// Neutral answers as Gemini's, whole and streamed. Source: Gemini API reference, "GenerateContentResponse".

import type { Usage } from '../../core/usage';
import { encodeGeminiLogprobs } from '../shared/logprobs';
import type { Encoder, Json, EncodeContext } from '../codec';
import { parseArgs } from '../shared/json';
import type { Citation, FinishReason, NeutralResponse, Opaque, OpenPart, StreamEvent, TokenLogprob } from '../neutral';
import { wrapEnvelope } from '../reasoning/envelope';

const reasonNames: Readonly<Record<FinishReason, string>> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  tool_calls: 'STOP',
  refusal: 'SAFETY',
  pause: 'STOP',
  other: 'OTHER',
};

export function encodeResponse(response: NeutralResponse, speaker: EncodeContext): Json {
  const parts: Json[] = [];
  const citations: Citation[] = [];
  const logprobs: TokenLogprob[] = [];
  let sealed: Opaque | undefined; // of the part that follows
  for (const part of response.parts) {
    const signature = sealed === undefined ? {} : { thoughtSignature: wrapEnvelope(sealed) };
    switch (part.type) {
      case 'reasoning':
        if (sealed !== undefined) parts.push({ text: '', ...signature });
        sealed = part.text === '' ? part.opaque : undefined;
        if (part.text !== '') parts.push(thought(part.text, part.opaque));
        continue;
      case 'text':
        citations.push(...(part.citations ?? []));
        logprobs.push(...(part.logprobs ?? []));
        parts.push({ text: part.text, ...signature });
        break;
      case 'refusal':
        parts.push({ text: part.text, ...signature });
        break;
      case 'toolCall':
        parts.push({ functionCall: { id: part.id, name: part.name, args: parseArgs(part.args) }, ...signature });
        break;
    }
    sealed = undefined;
  }
  if (sealed !== undefined) parts.push({ text: '', thoughtSignature: wrapEnvelope(sealed) });
  return {
    candidates: [
      {
        content: { role: 'model', parts },
        finishReason: reasonNames[response.reason],
        index: 0,
        ...citationsOf(citations),
        ...logprobsOf(logprobs),
      },
    ],
    ...(response.usage === undefined ? {} : { usageMetadata: encodeUsage(response.usage) }),
    modelVersion: response.model,
    responseId: response.id === '' ? speaker.requestId : response.id,
  };
}

export function openEncoder(speaker: EncodeContext): Encoder {
  let head: Json = {};
  let open: OpenPart | undefined;
  let args = '';
  let filled = false;
  let usage: Usage | undefined;
  let sealed: Opaque | undefined; // of the part that follows
  let citations: Citation[] = [];
  let logprobs: readonly TokenLogprob[] = []; // of the next delta

  const say = (parts: readonly Json[], ending: Json = {}, counted: Json = {}) =>
    `data: ${JSON.stringify({ candidates: [{ content: { role: 'model', parts }, ...ending, index: 0 }], ...counted, ...head })}\n\n`;
  const taken = (): Json => {
    const told = logprobsOf(logprobs);
    logprobs = [];
    return told;
  };
  const signature = (): Json => {
    if (sealed === undefined) return {};
    const text = wrapEnvelope(sealed);
    sealed = undefined;
    return { thoughtSignature: text };
  };

  const push = (event: StreamEvent): string => {
    switch (event.type) {
      case 'start':
        head = { modelVersion: event.model, responseId: event.id === '' ? speaker.requestId : event.id };
        return '';
      case 'open': {
        const waiting =
          event.part.type === 'reasoning' && sealed !== undefined ? say([{ text: '', ...signature() }]) : '';
        open = event.part;
        args = '';
        filled = false;
        return waiting;
      }
      case 'delta':
        filled = true;
        switch (open?.type) {
          case 'toolCall':
            args += event.text; // a call is told whole here
            return '';
          case 'reasoning':
            return say([{ text: event.text, thought: true }]);
          default:
            return say([{ text: event.text, ...signature() }], taken());
        }
      case 'logprobs':
        logprobs = event.logprobs;
        return '';
      case 'citation':
        citations.push(event.citation);
        return '';
      case 'close': {
        const closed = open;
        open = undefined;
        if (closed?.type === 'toolCall')
          return say([{ functionCall: { id: closed.id, name: closed.name, args: parseArgs(args) }, ...signature() }]);
        if (closed?.type === 'reasoning') {
          if (!filled) sealed = event.opaque;
          else if (event.opaque !== undefined) return say([thought('', event.opaque)]);
        }
        return '';
      }
      case 'usage':
        usage = event.usage;
        return '';
      case 'finish': {
        const last = sealed === undefined ? [] : [{ text: '', ...signature() }];
        const ending = { finishReason: reasonNames[event.reason], ...citationsOf(citations) };
        citations = [];
        return say(last, ending, usage === undefined ? {} : { usageMetadata: encodeUsage(usage) });
      }
      case 'lost':
      case 'failure':
        return ''; // told by the caller, in words that every format shares
    }
  };
  return { push };
}

// ---

function thought(text: string, opaque: Opaque | undefined): Json {
  return { text, thought: true, ...(opaque === undefined ? {} : { thoughtSignature: wrapEnvelope(opaque) }) };
}

function citationsOf(citations: readonly Citation[]): Json {
  if (citations.length === 0) return {};
  return {
    citationMetadata: {
      citationSources: citations.map(({ url, start, end }) => ({
        uri: url,
        ...(end === undefined ? {} : { startIndex: start ?? 0, endIndex: end }),
      })),
    },
  };
}

function logprobsOf(logprobs: readonly TokenLogprob[]): Json {
  return logprobs.length === 0 ? {} : { logprobsResult: encodeGeminiLogprobs(logprobs) };
}

function encodeUsage(usage: Usage): Json {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: Math.max(0, usage.output - usage.reasoning),
    totalTokenCount: prompt + usage.output,
    ...(usage.cacheRead > 0 ? { cachedContentTokenCount: usage.cacheRead } : {}),
    ...(usage.reasoning > 0 ? { thoughtsTokenCount: usage.reasoning } : {}),
  };
}
