// The contents of a request to Google: turns, parts, and which calls have their answers.
import { textSegment, type Segment, type Turn } from './answer';
import { refuseAlteredHosted } from './geminiHosted';
import { mediaSegment } from './geminiMedia';
import { camel } from './geminiNames';
import { complaint, googleInvalid } from './geminiRefusals';
import { refuseForeignSignature, refuseUnsignedCalls } from './geminiThinking';
import { isJson, shown, type Json } from './wire';

/** What is said in parts, without anything that is not text. */
export function partsText(parts: unknown): string {
  if (!Array.isArray(parts)) return '';
  return parts.map((part: unknown) => (isJson(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

/** The contents as turns, and as they are counted; Google's refusals thrown. */
export function readContents(contents: unknown, model: string): { turns: Turn[]; segments: Segment[] } {
  if (!Array.isArray(contents) || contents.length === 0) throw complaint('contents', 'contents is not specified');
  const turns: Turn[] = [];
  const segments: Segment[] = [];
  let calls = 0;
  let before = '';
  for (const [n, content] of contents.entries()) {
    if (!isJson(content)) throw googleInvalid(`Invalid value at 'contents[${n}]'`);
    const role = content.role ?? 'user';
    if (role !== 'user' && role !== 'model' && role !== 'function')
      throw googleInvalid('Please use a valid role: user, model.');
    if (!Array.isArray(content.parts) || content.parts.length === 0) {
      throw complaint(`contents[${n}].parts`, 'contents.parts must not be empty.');
    }
    const parts = content.parts.map((part: unknown, m) => readPart(part, `contents[${n}].parts[${m}]`, model));
    refuseAlteredHosted(content.parts, `contents[${n}].parts`);
    segments.push(...parts.map((part) => part.segment));
    // The model's own turn may hold results too: of tools that Google ran.
    const results = role === 'model' ? [] : parts.filter((part) => part.kind === 'result');
    if (results.length > 0) refuseUnequal(calls, results.length);
    calls = parts.filter((part) => part.kind === 'call').length;
    if (calls > 0 && before !== 'user') throw googleInvalid(STRAY_CALL);
    before = role === 'model' ? 'model' : 'user';
    for (const result of results) turns.push({ role: 'tool', text: result.text });
    const text = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
    if (results.length === 0) turns.push({ role: role === 'model' ? 'assistant' : 'user', text });
  }
  refuseUnsignedCalls(contents, model);
  return { turns, segments };
}

// ---

const STRAY_CALL =
  'Please ensure that function call turn comes immediately after a user turn or after a function response turn.';

function refuseUnequal(calls: number, results: number): void {
  if (calls === results) return;
  const message =
    calls === 0
      ? 'Please ensure that function response turn comes immediately after a function call turn.'
      : 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.';
  throw googleInvalid(message);
}

interface Part {
  kind: 'text' | 'thought' | 'call' | 'result' | 'media';
  text: string;
  segment: Segment;
}

const HOSTED = /^executableCode$|^codeExecutionResult$|^tool(?:Call|Response)$/;

function readPart(raw: unknown, at: string, model: string): Part {
  const part = isJson(raw) ? camel(raw) : {};
  refuseForeignSignature(part.thoughtSignature, at, model);
  if (typeof part.text === 'string') {
    // A thought that comes back is not something that was said.
    return { kind: part.thought === true ? 'thought' : 'text', text: part.text, segment: textSegment(part.text) };
  }
  if (part.text !== undefined)
    throw googleInvalid(`Invalid value at '${at}.text' (TYPE_STRING), ${JSON.stringify(part.text)}`);
  if (isJson(part.functionCall)) return named('call', part.functionCall, part.functionCall.args, `${at}.function_call`);
  if (isJson(part.functionResponse)) {
    return named('result', part.functionResponse, part.functionResponse.response, `${at}.function_response`);
  }
  const media = part.inlineData ?? part.fileData;
  if (isJson(media)) {
    return { kind: 'media', text: '', segment: mediaSegment(camel(media), part.inlineData !== undefined, at) };
  }
  if (Object.keys(part).some((name) => HOSTED.test(name))) {
    return { kind: 'media', text: '', segment: textSegment(JSON.stringify(part)) };
  }
  if (part.thoughtSignature !== undefined) return { kind: 'thought', text: '', segment: textSegment('') };
  throw complaint(`${at}.data`, "required oneof field 'data' must have one initialized field");
}

function named(kind: 'call' | 'result', holder: Json, content: unknown, at: string): Part {
  if (typeof holder.name !== 'string' || holder.name === '') throw complaint(`${at}.name`, 'Name cannot be empty.');
  if (kind === 'result' && !isJson(content)) {
    if (content === undefined) throw complaint(`${at}.response`, 'Response must be a Struct.');
    const proto = 'type.googleapis.com/google.protobuf.Struct';
    throw googleInvalid(`Invalid value at '${at}.response' (${proto}), ${JSON.stringify(shown(content))}`);
  }
  const text = JSON.stringify(content ?? {});
  return { kind, text, segment: textSegment(`${holder.name} ${text}`) };
}
