// Google's own tools beside functions: what they do stands in the answer as parts, which must come back as they were. Sources:
// https://ai.google.dev/gemini-api/docs/tool-combination (2026-11); the shape of the parts as recorded in
// https://github.com/pydantic/pydantic-ai/pull/4848 (2026-05), whose words for older models stand below.
import { createHash } from 'node:crypto';
import { camel } from './geminiNames';
import { googleInvalid } from './geminiRefusals';
import { isThird } from './geminiThinking';
import { checkSeal, sealed } from './signature';
import type { Search } from './webSearch';
import { isJson, shown, type Json } from './wire';

/** Whether the answer is to hold what Google's own tools do; Google's refusal thrown. */
export function circulation(toolConfig: unknown, model: string): boolean {
  const config = isJson(toolConfig) ? camel(toolConfig) : {};
  if (config.includeServerSideToolInvocations !== true) return false;
  if (!isThird(model)) throw googleInvalid('Tool call context circulation is not enabled for this model.');
  const calling = isJson(config.functionCallingConfig) ? camel(config.functionCallingConfig) : {};
  if (calling.mode === 'AUTO')
    throw googleInvalid('Function calling mode AUTO is not supported with tool context circulation.');
  return true;
}

/** A search as its call and its result. @param id of the answer */
export function searchParts({ query, pages }: Search, id: string): Json[] {
  const own = searchId(id);
  const call = { toolType: TYPE, args: { queries: [query] }, id: own };
  const links = pages.map(({ title }) => `<a class="chip">${title}</a>`).join('');
  const response = { toolType: TYPE, response: { search_suggestions: `<div>${links}</div>` }, id: own };
  return [
    { thoughtSignature: sealed('google', JSON.stringify(call)), toolCall: call },
    { thoughtSignature: sealed('google', JSON.stringify(response)), toolResponse: response },
  ];
}

/** The id of a function call that follows a search, by which the search is missed. */
export function callIdAfterSearch(id: string, n: number): string {
  return `${searchId(id)}_${n}`;
}

/** A content whose parts of Google's own tools are not those that an answer held; Google's refusal thrown. */
export function refuseAlteredHosted(parts: readonly unknown[], at: string): void {
  const pairs = new Map<unknown, number>();
  const camelled = parts.map((part) => (isJson(part) ? camel(part) : {}));
  for (const [n, part] of camelled.entries()) {
    const kind = isJson(part.toolCall) ? 'toolCall' : 'toolResponse';
    const hosted = part[kind];
    if (!isJson(hosted)) continue;
    if (part.thoughtSignature === undefined)
      throw googleInvalid(`${kind} part is missing a thought_signature, position ${at}[${n}].`);
    if (checkSeal('google', part.thoughtSignature, JSON.stringify(hosted)) !== 'intact')
      throw googleInvalid('Corrupted thought signature.');
    pairs.set(hosted.id, (pairs.get(hosted.id) ?? 0) + (kind === 'toolCall' ? 1 : -1));
  }
  if ([...pairs.values()].some((open) => open !== 0))
    throw googleInvalid('Every toolCall part must have a toolResponse part with the same id.');
  for (const { functionCall } of camelled) {
    const after = isJson(functionCall) ? /^(s[0-9a-f]{7})_\d+$/.exec(shown(functionCall.id))?.[1] : undefined;
    if (after !== undefined && !pairs.has(after))
      throw googleInvalid(`The toolCall and toolResponse parts ${after} must be returned with the function call.`);
  }
}

// ---

const TYPE = 'GOOGLE_SEARCH_WEB';

function searchId(id: string): string {
  return `s${createHash('sha256').update(id).digest('hex').slice(0, 7)}`;
}
