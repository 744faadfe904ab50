// OpenAI's calls of its web search as neutral searches. Source:
// https://developers.openai.com/api/docs/guides/tools-web-search, "Output and citations" (2026-11).

import type { Json } from '../jsonObject';
import type { SearchResult, WebSearch } from '../neutral';
import { listOr, objectOr, textOr } from '../shared/json';
import { isOurSearch, ourSearchId } from '../shared/webSearch';

/**
 * An item as a search; undefined where it opened a page or looked for words in one. One that we made has no native form.
 * @param titles of pages, by address: sources have none
 */
export function decodeSearch(item: Json, titles?: ReadonlyMap<string, string>): WebSearch | undefined {
  const action = objectOr(item['action']);
  if (textOr(action['type'], 'search') !== 'search') return undefined;
  const queries = listOr(action['queries']).filter((query): query is string => typeof query === 'string');
  const query = textOr(action['query']);
  const id = textOr(item['id']);
  return {
    type: 'webSearch',
    id,
    queries: queries.length > 0 || query === '' ? queries : [query],
    ...(Array.isArray(action['sources']) ? { results: sourcesOf(action['sources'], titles) } : {}),
    ...(item['status'] === 'failed' ? { error: 'failed' } : {}),
    ...(isOurSearch(id) ? {} : { native: { format: 'responses', value: item } }),
  };
}

/** The id of the item that a search of another provider's becomes. */
export function searchItemId(search: WebSearch): string {
  return ourSearchId('ws_', search.id);
}

/** What a search did, as its item's field. */
export function encodeAction({ queries, results }: WebSearch): Json {
  return {
    type: 'search',
    query: queries.join('; '),
    queries,
    ...(results === undefined ? {} : { sources: results.map(({ url }) => ({ type: 'url', url })) }),
  };
}

/** The titles of cited pages, by address. @param output a response's items */
export function citedTitles(output: unknown): Map<string, string> {
  const titles = new Map<string, string>();
  for (const item of listOr(output))
    for (const part of listOr(objectOr(item)['content']))
      for (const raw of listOr(objectOr(part)['annotations'])) {
        const { type, url, title } = objectOr(raw);
        if (type === 'url_citation' && typeof url === 'string') titles.set(url, textOr(title, url));
      }
  return titles;
}

// ---

function sourcesOf(sources: readonly unknown[], titles: ReadonlyMap<string, string> | undefined): SearchResult[] {
  return sources.flatMap((raw): SearchResult[] => {
    const url = textOr(objectOr(raw)['url']);
    const title = titles?.get(url);
    return url === '' ? [] : [{ url, ...(title === undefined ? {} : { title }) }];
  });
}
