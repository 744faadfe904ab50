// Makes a request whole before it is encoded in another format. What only one format demands is repaired where it is encoded
// (`DroppedFields.repair`). On its own wire a request passes as it is, and its provider's refusals are the provider's own.

import type { Target } from '../../../config/target';
import type { Codec, EncodedRequest } from './codec';
import {
  type AnyTool,
  type Format,
  isClientTool,
  type Media,
  type Message,
  type NeutralRequest,
  type Part,
} from './neutral';
import { repairSchema } from './schema/repairSchema';
import { isContinuation, toldNames } from './shared/droppedFields';
import { defined, isObject } from './shared/json';
import { asText, isText, standardBase64 } from './shared/media';
import { withOwnType } from './shared/mediaType';
import { repairHistory } from './shared/repairHistory';
import type { NoteRepair, Repair } from './shared/repairs';

/** A request encoded for a target after what was broken in it has been repaired. @throws GatewayError as `Codec.encodeRequest` */
export function encodeRepaired(codec: Codec, request: NeutralRequest, target: Target): EncodedRequest {
  const repaired = new Set<Repair>();
  const dropped = new Set<string>();
  const note: NoteRepair = (repair) => void repaired.add(repair);
  const history: History = { repaired: note, dropped: (name: string) => void dropped.add(name) };
  const whole: NeutralRequest = {
    ...withChoice(request, codec.format, target, history.dropped),
    messages: withoutForeignMedia(
      withSoundMedia(
        isContinuation(request) ? request.messages : repairHistory(request.messages, codec.format, history),
        note,
      ),
      codec.format,
      history.dropped,
    ),
    ...repairedTools(request, history),
  };
  const encoded = codec.encodeRequest(whole, target);
  for (const repair of encoded.repaired ?? []) note(repair);
  const told = new Set([...toldNames(dropped), ...encoded.dropped]);
  return { ...encoded, dropped: [...told], repaired: [...repaired] };
}

// ---

/** Takes what is repaired, and what is left out. */
interface History {
  readonly repaired: NoteRepair;
  readonly dropped: (name: string) => void;
}

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

function withSoundMedia(messages: readonly Message[], note: NoteRepair): readonly Message[] {
  const typed = (medium: Media): Media => {
    const data = medium.data === undefined ? undefined : standardBase64(medium.data);
    if (data !== medium.data) note('base64');
    const media = data === medium.data ? medium : { ...medium, ...defined({ data }) };
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

// Only a user's turn holds media, and the model's own at Google, some of whose models make images. A text document is words
// elsewhere, and the rest is left out: a conversation would be stuck for good. Sources:
// https://github.com/SEMOSS/Semoss/issues/2323 ("'image' blocks are not permitted within assistant turns"),
// https://ai.google.dev/api/generate-content, "systemInstruction" ("Currently, text only"; 2026-11).
function withoutForeignMedia(
  messages: readonly Message[],
  format: Format,
  dropped: (name: string) => void,
): readonly Message[] {
  const isForeign = ({ role, parts }: Message) =>
    role !== 'user' && !(role === 'assistant' && format === 'generate') && parts.some(isMedia);
  if (!messages.some(isForeign)) return messages;
  const cleaned = messages.map((message) => {
    if (!isForeign(message)) return message;
    const parts = message.parts.flatMap((part): Part[] => {
      if (part.type !== 'media') return [part];
      if (isText(part) && part.data !== undefined) return [{ type: 'text', text: asText(part) }];
      dropped(part.kind);
      return [];
    });
    return { ...message, parts };
  });
  const left = cleaned.filter((message, i) => message === messages[i] || !message.parts.every(isBlankText));
  // A conversation of nothing else is its provider's to refuse.
  return left.some(({ role }) => role !== 'system') ? left : cleaned;
}

function isBlankText(part: Part): boolean {
  return part.type === 'text' && part.text === '';
}

function isMedia(part: Part): part is Media {
  return part.type === 'media';
}

function repairedTools(
  { tools, responseFormat }: NeutralRequest,
  { repaired: note, dropped }: History,
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
      : {
          tools: eachOnce(tools, { repaired: note, dropped }).map((tool) =>
            tool.type === 'function' ? { ...tool, schema: sound(tool.schema) } : tool,
          ),
        }),
    ...(responseFormat?.type === 'schema'
      ? { responseFormat: { ...responseFormat, schema: sound(responseFormat.schema) } }
      : {}),
  };
}

// Two tools under one name fail the whole request at Anthropic ("Tool names must be unique") and Google ("Duplicate function
// declaration found"): the first one stays.
function eachOnce(tools: readonly AnyTool[], { repaired, dropped }: History): readonly AnyTool[] {
  const first = new Map<string, AnyTool>();
  const printed = new Map<string, string>(); // of the first of each name, which may be large and have many namesakes
  const print = (tool: AnyTool) => JSON.stringify({ ...tool, at: undefined });
  return tools.filter((tool, i) => {
    if (!isClientTool(tool)) return true;
    const before = first.get(tool.name);
    if (before === undefined) return first.set(tool.name, tool);
    const text = printed.get(tool.name) ?? print(before);
    printed.set(tool.name, text);
    if (print(tool) === text) repaired('repeated-tool');
    else dropped(tool.at ?? `tools[${i}]`);
    return false;
  });
}
