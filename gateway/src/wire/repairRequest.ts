// Makes a request whole before it is encoded in another format. What only one format demands is repaired where it is encoded
// (`DroppedFields.repair`). On its own wire a request passes as it is, and its provider's refusals are the provider's own.

import type { Target } from '../../../config/target';
import type { Codec, EncodedRequest } from './codec';
import type { AnyTool, Format, Media, Message, NeutralRequest, Part } from './neutral';
import { repairSchema } from './schema/repairSchema';
import { isContinuation } from './shared/droppedFields';
import { isObject } from './shared/json';
import { withOwnType } from './shared/mediaType';
import { repairHistory } from './shared/repairHistory';
import type { NoteRepair, Repair } from './shared/repairs';

/** A request encoded for a target after what was broken in it has been repaired. @throws GatewayError as `Codec.encodeRequest` */
export function encodeRepaired(codec: Codec, request: NeutralRequest, target: Target): EncodedRequest {
  const repaired = new Set<Repair>();
  const dropped = new Set<string>();
  const note: NoteRepair = (repair) => void repaired.add(repair);
  const history = { repaired: note, dropped: (name: string) => void dropped.add(name) };
  const whole: NeutralRequest = {
    ...withChoice(request, codec.format, target, history.dropped),
    messages: withMediaTypes(
      isContinuation(request) ? request.messages : repairHistory(request.messages, codec.format, history),
      note,
    ),
    ...repairedSchemas(request, note),
  };
  const encoded = codec.encodeRequest(whole, target);
  for (const name of encoded.dropped) dropped.add(name);
  for (const repair of encoded.repaired ?? []) note(repair);
  return { ...encoded, dropped: [...dropped], repaired: [...repaired] };
}

// ---

// A choice of a tool that is left out is left out with it.
function withChoice(
  request: NeutralRequest,
  format: Format,
  target: Target,
  dropped: (name: string) => void,
): NeutralRequest {
  const { toolChoice, tools, ...rest } = request;
  if (toolChoice === undefined || tools === undefined) return request;
  const kept = tools.filter((tool) => {
    if (tool.type === 'webSearch') return tool.native.format === format || target.capabilities.has('web_search');
    return tool.type !== 'raw' || (tool.format === format && tool.value !== undefined);
  });
  const refersToNone =
    toolChoice.type === 'named'
      ? tools.some((tool) => isRawNamed(tool, toolChoice.name) && !kept.includes(tool))
      : toolChoice.type === 'required' && tools.length > 0 && kept.length === 0;
  if (!refersToNone) return request;
  dropped('tool_choice');
  return { ...rest, tools };
}

function isRawNamed(tool: AnyTool, name: string): boolean {
  return tool.type === 'raw' && isObject(tool.value) && tool.value['name'] === name;
}

function withMediaTypes(messages: readonly Message[], note: NoteRepair): readonly Message[] {
  const typed = (media: Media): Media => {
    const own = withOwnType(media);
    if (own !== media) note('media-type');
    return own;
  };
  const repaired = (part: Part): Part => {
    if (part.type === 'media') return typed(part);
    if (part.type !== 'toolResult' || !part.parts.some(isMedia)) return part;
    return { ...part, parts: part.parts.map((inner) => (inner.type === 'media' ? typed(inner) : inner)) };
  };
  const holdsMedia = (part: Part) => isMedia(part) || (part.type === 'toolResult' && part.parts.some(isMedia));
  if (!messages.some(({ parts }) => parts.some(holdsMedia))) return messages;
  return messages.map((message) => ({ ...message, parts: message.parts.map(repaired) }));
}

function isMedia(part: Part): part is Media {
  return part.type === 'media';
}

function repairedSchemas(
  { tools, responseFormat }: NeutralRequest,
  note: NoteRepair,
): Pick<NeutralRequest, 'tools' | 'responseFormat'> {
  const sound = (schema: unknown): unknown => {
    if (!isObject(schema)) return schema;
    const repaired = repairSchema(schema);
    if (repaired !== schema) note('schema');
    return repaired;
  };
  return {
    ...(tools === undefined
      ? {}
      : { tools: tools.map((tool) => (tool.type === 'function' ? { ...tool, schema: sound(tool.schema) } : tool)) }),
    ...(responseFormat?.type === 'schema'
      ? { responseFormat: { ...responseFormat, schema: sound(responseFormat.schema) } }
      : {}),
  };
}
