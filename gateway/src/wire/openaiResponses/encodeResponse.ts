// Encodes a neutral response as a whole response object. Source:
// https://platform.openai.com/docs/api-reference/responses/object (2026-11).

import type { EncodeContext } from '../codec';
import type { Json } from '../jsonObject';
import type { NeutralResponse } from '../neutral';
import { openToolNaming } from './namespaces';
import { searchItemId } from './searches';
import { encodeStatus, encodeToolUsage, encodeUsage, responseHead, responseId } from './responseHead';
import { doneItem, itemId } from './responseItems';

export { openEncoder } from './encodeStream';

/** The whole response; each of its parts is an item, for which `context.onItem` is called. */
export function encodeResponse(response: NeutralResponse, context: EncodeContext): Json {
  const id = responseId(response.id, context);
  const naming = openToolNaming(context.request.tools);
  const output = response.parts.map((part, index) => {
    const partId = part.type === 'webSearch' ? searchItemId(part) : itemId(part, id, index);
    context.onItem?.(partId, part);
    return doneItem(part, partId, naming, {
      text: part.type === 'toolCall' ? part.args : part.type === 'webSearch' ? '' : part.text,
      details: part.type === 'text' ? part : {},
      opaque: part.type === 'reasoning' ? part.opaque : undefined,
    });
  });
  return {
    ...responseHead(id, response.model, context),
    ...encodeStatus(response.reason),
    output,
    usage: response.usage === undefined ? null : encodeUsage(response.usage),
    ...encodeToolUsage(response.usage),
  };
}
