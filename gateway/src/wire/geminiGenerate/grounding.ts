// What a Google Search has found: the queries, the pages, and which words of the answer stand on which page. Ranges count
// bytes here and characters in the neutral form. Source: https://ai.google.dev/api/generate-content, "GroundingMetadata"
// (2026-11).

import type { Json } from '../jsonObject';
import type { Citation, SearchResult, WebSearch } from '../neutral';
import { countOr, listOr, objectOr, textOr } from '../shared/json';

/** A citation with its range in the whole text of an answer. */
export interface PlacedCitation {
  readonly citation: Citation;
  /** Characters of the answer before the text that it stands in, and with that text. */
  readonly from: number;
  readonly to: number;
}

/** The queries of a search, each once. Google leaves some empty, and charges for none of those. */
export function queriesIn(grounding: Json): string[] {
  return [...new Set(listOr(grounding['webSearchQueries']).map((query) => textOr(query)))].filter(
    (query) => query !== '',
  );
}

/** The pages that were found. */
export function pagesIn(grounding: Json): SearchResult[] {
  return chunksOf(grounding).flatMap((page) => (page === undefined ? [] : [page]));
}

/** Which pages the words of an answer stand on. @param text all words of the answer */
export function citationsIn(grounding: Json, text: string): Citation[] {
  const chunks = chunksOf(grounding);
  const bytes = Buffer.from(text);
  const charAt = beginnings((from, to) => bytes.toString('utf8', from, to).length);
  return listOr(grounding['groundingSupports'])
    .slice(0, mostSupports)
    .flatMap((raw) => {
      const support = objectOr(raw);
      const segment = objectOr(support['segment']);
      const end = segment['endIndex'];
      const range =
        typeof end === 'number' ? { start: charAt(countOr(segment['startIndex'])), end: charAt(countOr(end)) } : {};
      return listOr(support['groundingChunkIndices']).flatMap((index): Citation[] => {
        const page = typeof index === 'number' ? chunks[index] : undefined;
        return page === undefined ? [] : [{ url: page.url, ...titleOf(page), ...range }];
      });
    });
}

const lists = ['webSearchQueries', 'groundingChunks', 'groundingSupports'] as const;

/**
 * The metadata of the pieces of a stream as one: a later piece holds what the earlier ones did not.
 * @param before what this returned for the pieces before; its lists grow, and are not copied for each piece
 */
export function joinGrounding(before: Json | undefined, later: Json): Json {
  const joined: Record<string, unknown> = { ...before, ...later };
  for (const field of lists) {
    const list = before === undefined ? [] : (before[field] as unknown[]);
    for (const item of listOr(later[field])) list.push(item);
    joined[field] = list;
  }
  return joined;
}

/** About how many bytes one piece's metadata has. */
export function groundingBytes(piece: Json): number {
  return JSON.stringify(piece).length;
}

/** The metadata as a candidate's field to be spread. @param text all words of the answer */
export function encodeGrounding(
  searches: readonly WebSearch[],
  citations: readonly PlacedCitation[],
  text: string,
): Json {
  const pages = new Map<string, SearchResult>();
  for (const { results } of searches) for (const page of results ?? []) pages.set(page.url, page);
  for (const { citation } of citations) if (!pages.has(citation.url)) pages.set(citation.url, citation);
  const places = new Map([...pages.keys()].map((url, index) => [url, index]));
  const byteAt = beginnings((from, to) => Buffer.byteLength(text.slice(from, to)));
  return {
    groundingMetadata: {
      webSearchQueries: searches.flatMap(({ queries }) => queries),
      groundingChunks: [...pages.values()].map((page) => ({ web: { uri: page.url, title: page.title ?? page.url } })),
      groundingSupports: citations.map(({ citation, from, to }) => {
        const start = from + (citation.start ?? 0);
        const end = citation.end === undefined ? to : from + citation.end;
        return {
          segment: { startIndex: byteAt(start), endIndex: byteAt(end), text: text.slice(start, end) },
          groundingChunkIndices: [places.get(citation.url) ?? 0],
        };
      }),
    },
  };
}

// ---

/** Citations of one answer that are placed in its words. */
const mostSupports = 1_000;

// How long the beginnings of a text are in another measure. Those that are asked for in their order cost one pass together.
function beginnings(length: (from: number, to: number) => number): (end: number) => number {
  let at = 0;
  let sum = 0;
  return (end) => {
    if (end < at) at = sum = 0;
    sum += length(at, end);
    at = end;
    return sum;
  };
}

// The pages by their index; other sources (maps, files) are none.
function chunksOf(grounding: Json): (SearchResult | undefined)[] {
  return listOr(grounding['groundingChunks']).map((chunk) => {
    const web = objectOr(objectOr(chunk)['web']);
    const url = textOr(web['uri']);
    return url === '' ? undefined : { url, ...titleOf(web) };
  });
}

function titleOf(page: { readonly title?: unknown }): { title?: string } {
  return typeof page.title === 'string' && page.title !== '' ? { title: page.title } : {};
}
