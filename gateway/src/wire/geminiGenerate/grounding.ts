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

/** The pages that were found. @param from how many of the places for them are passed over */
export function pagesIn(grounding: Json, from = 0): SearchResult[] {
  return chunksOf(grounding, from).flatMap((page) => (page === undefined ? [] : [page]));
}

/** Which pages the words of an answer stand on. @param text all words of the answer */
export function citationsIn(grounding: Json, text: string): Citation[] {
  const chunks = chunksOf(grounding);
  const supports = listOr(grounding['groundingSupports']).slice(0, mostSupports).map(objectOr);
  const ranges = supports.map(rangeOf);
  const bytes = Buffer.from(text);
  const charAt = beginnings(
    ranges.flatMap((range) => range ?? []),
    (from, to) => bytes.toString('utf8', from, to).length,
  );
  return supports.flatMap((support, i) => {
    const range = ranges[i];
    const placed = range === undefined ? {} : { start: charAt(range[0]), end: charAt(range[1]) };
    return listOr(support['groundingChunkIndices']).flatMap((index): Citation[] => {
      const page = typeof index === 'number' ? chunks[index] : undefined;
      return page === undefined ? [] : [{ url: page.url, ...titleOf(page), ...placed }];
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
  const ranges = citations.map(({ citation: { start = 0, end }, from, to }): Range => [
    from + start,
    end === undefined ? to : from + end,
  ]);
  const byteAt = beginnings(ranges.flat(), (from, to) => Buffer.byteLength(text.slice(from, to)));
  let repeated = 0; // characters of the answer that were told once more
  const wordsOf = ([start, end]: Range): Json => {
    const words = text.slice(start, end);
    repeated += words.length;
    return repeated > text.length + freelyRepeated ? {} : { text: words };
  };
  return {
    groundingMetadata: {
      webSearchQueries: searches.flatMap(({ queries }) => queries),
      groundingChunks: [...pages.values()].map((page) => ({ web: { uri: page.url, title: page.title ?? page.url } })),
      groundingSupports: citations.map(({ citation }, i) => {
        const range = ranges[i] ?? [0, 0];
        return {
          segment: { startIndex: byteAt(range[0]), endIndex: byteAt(range[1]), ...wordsOf(range) },
          groundingChunkIndices: [places.get(citation.url) ?? 0],
        };
      }),
    },
  };
}

// ---

/** Citations of one answer that are placed in its words. */
const mostSupports = 1_000;

/** Where something begins and ends. */
type Range = readonly [start: number, end: number];

/**
 * Characters that citations repeat beside once the answer: a hundred that each stand for all of it would be a hundred answers.
 * Where they stand is told of all.
 */
const freelyRepeated = 16 * 1024;

function rangeOf(support: Json): Range | undefined {
  const { startIndex, endIndex } = objectOr(support['segment']);
  return typeof endIndex === 'number' ? [countOr(startIndex), countOr(endIndex)] : undefined;
}

// How long the beginnings of a text are in another measure: one pass over it, in whatever order their ends are told.
function beginnings(ends: readonly number[], length: (from: number, to: number) => number): (end: number) => number {
  const known = new Map<number, number>();
  let at = 0;
  let sum = 0;
  for (const end of [...new Set(ends)].sort((a, b) => a - b)) {
    sum += length(at, end);
    at = end;
    known.set(end, sum);
  }
  return (end) => known.get(end) ?? 0;
}

// The pages by their index; other sources (maps, files) are none.
function chunksOf(grounding: Json, from = 0): (SearchResult | undefined)[] {
  const chunks = listOr(grounding['groundingChunks']);
  if (from >= chunks.length) return [];
  return chunks.slice(from).map((chunk) => {
    const web = objectOr(objectOr(chunk)['web']);
    const url = textOr(web['uri']);
    return url === '' ? undefined : { url, ...titleOf(web) };
  });
}

function titleOf(page: { readonly title?: unknown }): { title?: string } {
  return typeof page.title === 'string' && page.title !== '' ? { title: page.title } : {};
}
