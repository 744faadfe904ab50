// The web search that a provider itself runs, between the formats. Sources:
// https://platform.claude.com/docs/en/build-with-claude/tool-use/web-search-tool,
// https://developers.openai.com/api/docs/guides/tools-web-search, https://ai.google.dev/gemini-api/docs/google-search
// (2026-11).

import type { Target } from '../../../../config/target';
import type { Json } from '../jsonObject';
import type { Format, NeutralRequest, UserLocation, WebSearch, WebSearchTool } from '../neutral';
import { envelopeMark } from '../reasoning/envelope';
import type { DroppedFields } from './droppedFields';
import { defined, isObject, optionalText, optionalTexts, wrong } from './json';

/** The fields that say how to search, with the names that they are reported by where a format lacks them. */
const limits = {
  allowedDomains: 'allowed_domains',
  blockedDomains: 'blocked_domains',
  maxUses: 'max_uses',
  userLocation: 'user_location',
  contextSize: 'search_context_size',
} as const;

// What each format has of them. OpenAI's `max_tool_calls` limits all tools that it runs itself; a request from elsewhere has
// only this one. Gemini decides alone how to search.
const carried: Readonly<Record<Format, readonly string[]>> = {
  chat: ['userLocation', 'contextSize'],
  responses: ['allowedDomains', 'blockedDomains', 'maxUses', 'userLocation', 'contextSize'],
  messages: ['allowedDomains', 'blockedDomains', 'maxUses', 'userLocation'],
  generate: [],
};

/**
 * The web search as a target's format carries it; undefined where the request has none, and where the target cannot search,
 * which is named, as are the limits that the format lacks.
 */
export function searchFor(
  request: NeutralRequest,
  target: Target,
  format: Format,
  droppedFields: DroppedFields,
): WebSearchTool | undefined {
  const [first, ...more] = (request.tools ?? []).filter((tool) => tool.type === 'webSearch');
  for (const tool of more) droppedFields.drop(tool.at); // no API has two
  if (first === undefined || first.native.format === format) return first;
  if (!target.capabilities.has('web_search')) {
    droppedFields.drop(first.at);
    return undefined;
  }
  for (const [limit, name] of Object.entries(limits) as [keyof typeof limits, string][])
    if (!carried[format].includes(limit)) droppedFields.dropIf(first[limit], `${first.at}.${name}`);
  for (const other of first.others) droppedFields.drop(other);
  return first;
}

/** A search as words, for a provider that did not make it. */
export function searchText({ queries, results, error }: WebSearch): string {
  const asked = queries.length === 0 ? '' : `Searched the web for ${queries.map((query) => `"${query}"`).join(', ')}.`;
  const found = (results ?? []).map(
    ({ url, title }) => `- ${title === undefined || title === url ? '' : `${title}: `}${url}`,
  );
  const list = found.length === 0 ? '' : ['Found on the web:', ...found].join('\n');
  const failed = error === undefined ? '' : `The search failed: ${error}.`;
  return [asked, list, failed].filter((text) => text !== '').join('\n');
}

/**
 * The id of a search for a client of another format; the mark tells it from its provider's own when it comes back. OpenAI
 * takes ids of at most 64 characters.
 */
export function ourSearchId(prefix: string, id: string): string {
  return `${prefix}${envelopeMark}${id.replace(/[^a-zA-Z0-9_]/g, '_').slice(-48)}`;
}

/** Whether a search's id is one that we have given. */
export function isOurSearch(id: unknown): boolean {
  return typeof id === 'string' && /^(?:srvtoolu|ws)_/.test(id) && id.includes(envelopeMark);
}

/** Where the user is, of an object with its four fields. @throws GatewayError bad_request naming the field */
export function decodeLocation(value: unknown, at: string): UserLocation | undefined {
  if (!isObject(value)) return undefined;
  const location = defined({
    city: optionalText(value['city'], `${at}.city`),
    region: optionalText(value['region'], `${at}.region`),
    country: optionalText(value['country'], `${at}.country`),
    timezone: optionalText(value['timezone'], `${at}.timezone`),
  });
  return Object.keys(location).length === 0 ? undefined : location;
}

/** How much of what is found is read. @throws GatewayError bad_request naming the field */
export function decodeContextSize(value: unknown, at: string): string | undefined {
  const size = optionalText(value, at);
  return size === undefined || /^(?:low|medium|high)$/.test(size) ? size : wrong(at, 'one of low, medium, high');
}

/** A list of domains; undefined where it is empty. @throws GatewayError bad_request naming the field */
export function decodeDomains(value: unknown, at: string): string[] | undefined {
  const domains = optionalTexts(value, at);
  return domains === undefined || domains.length === 0 ? undefined : [...domains];
}

/** Where the user is, as Anthropic and OpenAI's Responses take it. */
export function encodeLocation(location: UserLocation | undefined): Json | undefined {
  return location === undefined ? undefined : { type: 'approximate', ...location };
}
