// The parts of a chat completion request: contents, tools, choices, formats.
import { textSegment, type Conversation, type Segment, type Tool } from './answer';
import {
  missing,
  refuseBadImage,
  refuseLooseSchema,
  requiredArray,
  toolName,
  wrongType,
  wrongValue,
} from './openaiChecks';
import { badRequest } from './openaiRefusals';
import { isJson, shown, typeOf, type Json } from './wire';

/** A tool, and what it counts. */
export type CountedTool = Tool & { counted: string };

/** What a picture, a sound or a file counts as; nobody looks into it. */
export const MEDIA_BYTES = 1_020;

/** The text of a message, and all of it as it is counted. */
export function contentOf(message: Json, n: number): { text: string; parts: Segment[] } {
  const content = message.content;
  if (typeof content === 'string') return { text: content, parts: [textSegment(content)] };
  if (Array.isArray(content)) {
    const parts = content.map((part: unknown, m) => partOf(part, `messages[${n}].content[${m}]`));
    return { text: parts.map((part) => (part.modality ? '' : part.text)).join(''), parts };
  }
  const silent = message.role === 'assistant' && (message.tool_calls != null || message.function_call != null);
  if (content == null && silent) return { text: '', parts: [] };
  if (content == null && typeof message.refusal === 'string')
    return { text: '', parts: [textSegment(message.refusal)] };
  throw badRequest(
    `Invalid value for 'content': expected a string, got ${typeOf(content ?? null)}.`,
    `messages.[${n}].content`,
  );
}

/** The tools, or none. */
export function readTools(request: Json): CountedTool[] {
  if (request.tools == null) {
    if (request.tool_choice == null) return [];
    throw badRequest(
      "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
      'tool_choice',
    );
  }
  return requiredArray(request, 'tools').map((tool, n) => readTool(tool, `tools[${n}]`));
}

/** What `tool_choice` asks for, in any of its five forms. */
export function toolChoice(choice: unknown, tools: readonly Tool[]): Conversation['toolChoice'] {
  if (choice == null || choice === 'auto') return { type: 'auto' };
  if (choice === 'none') return { type: 'none' };
  if (choice === 'required') return { type: 'any' };
  if (!isJson(choice)) throw wrongValue('tool_choice', choice, ['none', 'auto', 'required']);
  if (choice.type === 'allowed_tools' && isJson(choice.allowed_tools)) {
    const listed = Array.isArray(choice.allowed_tools.tools) ? choice.allowed_tools.tools : [];
    return { type: choice.allowed_tools.mode === 'required' ? 'any' : 'auto', names: listed.map(nameOf) };
  }
  const name = nameOf(choice);
  if (name === '') throw missing('tool_choice.function');
  if (tools.some((tool) => tool.name === name)) return { type: 'any', names: [name] };
  throw badRequest(`Tool choice '${name}' not found in 'tools' parameter.`, 'tool_choice');
}

/** What `response_format` asks for; nothing for text. */
export function readFormat(format: unknown, prompt: readonly Segment[]): Conversation['format'] {
  if (format == null) return undefined;
  if (!isJson(format)) throw wrongType('response_format', 'an object', format);
  if (format.type === 'text') return undefined;
  if (format.type === 'json_object') {
    const must =
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
    refuseWordless(prompt, must, 'messages');
    return {};
  }
  if (format.type !== 'json_schema')
    throw wrongValue('response_format.type', format.type, ['json_object', 'json_schema', 'text']);
  if (!isJson(format.json_schema)) throw missing('response_format.json_schema');
  return readSchema(format.json_schema, 'response_format.json_schema', 'response_format');
}

/** A named schema, which chat and responses write alike; strict ones must be closed. */
export function readSchema(holder: Json, at: string, param: string): { schema: unknown } {
  if (typeof holder.name !== 'string') throw missing(`${at}.name`);
  const type = isJson(holder.schema) ? holder.schema.type : 'object';
  if (type !== undefined && type !== 'object') {
    const message = `schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(type)}'.`;
    throw badRequest(`Invalid schema for response_format '${holder.name}': ${message}`, param);
  }
  if (holder.strict === true)
    refuseLooseSchema(holder.schema, `response_format '${holder.name}'`, param, 'invalid_json_schema');
  return { schema: holder.schema ?? {} };
}

/** JSON without a schema is given only to who speaks of it. */
export function refuseWordless(prompt: readonly Segment[], message: string, param: string): void {
  if (!prompt.some((segment) => /json/i.test(segment.text))) throw badRequest(message, param);
}

// ---

const PARTS = ['text', 'image_url', 'input_audio', 'refusal', 'audio', 'file'];

function partOf(part: unknown, at: string): Segment {
  if (!isJson(part)) throw wrongType(at, 'an object', part);
  if (part.type === 'text' || part.type === 'refusal') {
    const text = part[part.type];
    if (typeof text !== 'string')
      throw text === undefined ? missing(`${at}.${part.type}`) : wrongType(`${at}.${part.type}`, 'a string', text);
    return textSegment(part.type === 'text' ? text : '');
  }
  if (!PARTS.includes(shown(part.type))) throw wrongValue(`${at}.type`, part.type, PARTS);
  if (part.type === 'image_url') {
    if (!isJson(part.image_url)) throw wrongType(`${at}.image_url`, 'an object', part.image_url ?? null);
    refuseBadImage(part.image_url.url, `${at}.image_url.url`);
  }
  return { text: JSON.stringify(part), bytes: MEDIA_BYTES, modality: part.type === 'input_audio' ? 'AUDIO' : 'IMAGE' };
}

function readTool(tool: unknown, at: string): CountedTool {
  if (!isJson(tool)) throw wrongType(at, 'an object', tool);
  const counted = JSON.stringify(tool);
  if (tool.type === 'custom') {
    if (!isJson(tool.custom)) throw missing(`${at}.custom`);
    return { name: toolName(tool.custom.name, `${at}.custom.name`), schema: undefined, custom: true, counted };
  }
  if (tool.type !== 'function')
    throw tool.type === undefined ? missing(`${at}.type`) : wrongValue(`${at}.type`, tool.type, ['function', 'custom']);
  const declared = tool.function;
  if (!isJson(declared)) throw missing(`${at}.function`);
  const name = toolName(declared.name, `${at}.function.name`);
  refuseBadParameters(declared.parameters, name, declared.strict === true, `${at}.function.parameters`);
  return { name, schema: declared.parameters, counted };
}

/** A function's parameters are an object's; a strict function's a closed one's. */
export function refuseBadParameters(schema: unknown, name: string, strict: boolean, at: string): void {
  if (schema == null) return;
  const what = `function '${name}'`;
  if (isJson(schema) && schema.type !== undefined && schema.type !== 'object') {
    const message = `schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(schema.type)}'.`;
    throw badRequest(`Invalid schema for ${what}: ${message}`, at, 'invalid_function_parameters');
  }
  if (isJson(schema) && ['oneOf', 'anyOf', 'allOf', 'enum', 'not'].some((word) => word in schema)) {
    const message = `schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level.`;
    throw badRequest(`Invalid schema for ${what}: ${message}`, at, 'invalid_function_parameters');
  }
  if (strict) refuseLooseSchema(schema, what, at, 'invalid_function_parameters');
}

function nameOf(choice: unknown): string {
  if (!isJson(choice)) return '';
  const holder = choice.type === 'custom' ? choice.custom : choice.function;
  return isJson(holder) && typeof holder.name === 'string' ? holder.name : '';
}
