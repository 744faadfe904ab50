// The names of OpenAI's web search. Source: https://developers.openai.com/api/docs/guides/tools-web-search (2026-11).

import { inner } from '../shared/settings';

/** The version that every model takes. */
export const searchType = 'web_search';

/** Whether a tool's type is a version of the web search; the preview takes no domains. */
export function isSearchType(type: unknown): boolean {
  return typeof type === 'string' && /^web_search(?:_preview)?(?:_\d{4}_\d\d_\d\d)?$/.test(type);
}

/** Whether a tool as it is declared is one. */
export function isSearch(tool: unknown): boolean {
  return isSearchType(inner(tool, 'type'));
}
