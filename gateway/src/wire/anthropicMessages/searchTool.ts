// The names of Anthropic's web search. Source:
// https://platform.claude.com/docs/en/build-with-claude/tool-use/web-search-tool (2026-11).

import { inner } from '../shared/settings';

/** The only name that the tool may have. */
export const searchName = 'web_search';

/** The version that every Claude model takes. */
export const searchType = 'web_search_20250305';

/** Whether a tool's type is a version of the web search. */
export function isSearchType(type: unknown): boolean {
  return typeof type === 'string' && /^web_search_\d{8}$/.test(type);
}

/** Whether a tool as it is declared is one. */
export function isSearch(tool: unknown): boolean {
  return isSearchType(inner(tool, 'type'));
}
