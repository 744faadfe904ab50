// Encodes a neutral response as a whole chat completion. Source:
// https://platform.openai.com/docs/api-reference/chat/object (2026-11).

import { pushAll } from '../../core/pushAll';
import type { EncodeContext } from '../codec';
import type { Json } from '../jsonObject';
import type { NeutralResponse } from '../neutral';
import { encodeOpenaiLogprobs } from '../shared/logprobs';
import {
  encodeAnnotation,
  encodeCall,
  encodeDetail,
  encodeFinishReason,
  encodeUsage,
  geminiExtra,
  geminiSignature,
  responseId,
} from './responseParts';

export { openEncoder } from './encodeStream';

/** The whole response as a `chat.completion`. */
export function encodeResponse(response: NeutralResponse, context: EncodeContext): Json {
  return {
    id: responseId(response.id, context),
    object: 'chat.completion',
    created: context.created,
    model: response.model,
    choices: [response, ...(response.others ?? [])].map((answer, index) => encodeChoice(answer, index, context)),
    ...(response.usage === undefined ? {} : { usage: encodeUsage(response.usage) }),
  };
}

// ---

function encodeChoice(response: NeutralResponse, index: number, context: EncodeContext): Json {
  const { message, logprobs, refused } = encodeMessage(response, context);
  return {
    index,
    message,
    logprobs: logprobs.length > 0 ? { content: logprobs, refusal: null } : null,
    finish_reason: encodeFinishReason(response.reason, refused),
  };
}

function encodeMessage(
  response: NeutralResponse,
  context: EncodeContext,
): { message: Json; logprobs: Json[]; refused: boolean } {
  let content = '';
  let reasoning = '';
  let refusal = '';
  const annotations: Json[] = [];
  const logprobs: Json[] = [];
  const details: Json[] = [];
  const calls: Json[] = [];
  let signature: string | undefined; // Gemini's, of the call that follows
  for (const part of response.parts) {
    switch (part.type) {
      case 'text':
        pushAll(
          annotations,
          (part.citations ?? []).map((citation) => encodeAnnotation(citation, content.length)),
        );
        content += part.text;
        pushAll(logprobs, encodeOpenaiLogprobs(part.logprobs ?? []));
        break;
      case 'refusal':
        refusal += part.text;
        break;
      case 'reasoning':
        reasoning += part.text;
        details.push(encodeDetail(part.text, part.opaque, details.length));
        signature = geminiSignature(part.opaque);
        break;
      case 'webSearch': // the format has no place for it; what it found stands in the annotations
        break;
      case 'toolCall':
        if (signature !== undefined) details[details.length - 1] = { ...details.at(-1), id: part.id };
        calls.push({ ...encodeCall(part, context), ...geminiExtra(signature) });
        signature = undefined;
        break;
    }
  }
  const message = {
    role: 'assistant',
    content: content === '' && (calls.length > 0 || refusal !== '') ? null : content,
    refusal: refusal === '' ? null : refusal,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning, reasoning }),
    ...(details.length > 0 ? { reasoning_details: details } : {}),
    ...(annotations.length > 0 ? { annotations } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return { message, logprobs, refused: refusal !== '' };
}
