// How many searches Google charges for: from Gemini 3 on each query once, however often the answer tells it, before it the
// prompt that was searched for. Sources: https://ai.google.dev/gemini-api/docs/google-search, "Pricing" ("we ignore the empty
// web search queries when counting unique queries"); some answers count what is billed themselves:
// https://discuss.ai.google.dev/t/174074 (2026-11).

import { maxSearchesPerRequest, searchCount } from '../../core/usage';
import { openJsonFieldFinder } from '../../core/jsonFields';
import type { Json } from '../jsonObject';
import { listOr, objectOr, textOr } from '../shared/json';
import type { SearchCounter, SearchTally } from '../shared/searchCounter';
import { queriesIn } from './grounding';
import { queriesOfCall } from './hostedParts';

/** One of them stands in every piece of a stream that shows a search. */
export const searchWords = ['webSearchQueries', 'toolCall'];

/** Those of a response; undefined where it tells of none. One that is billed for none tells of 0. */
export function searchesIn(value: Json): number | undefined {
  const tally = openTally();
  tally.add(value);
  const charged = tally.charged(undefined);
  return charged === 0 && billedIn(value) === undefined ? undefined : charged;
}

/** A tally of the pieces of one stream, or of a whole response. */
export function openTally(): SearchTally {
  const queries = openQueries();
  let model = '';
  let billed: number | undefined;
  return {
    add(value) {
      model = textOr(value['modelVersion']) || model;
      billed = billedIn(value) ?? billed;
      for (const raw of listOr(value['candidates'])) {
        const { content, groundingMetadata } = objectOr(raw);
        for (const part of listOr(objectOr(content)['parts'])) queries.add(queriesOfCall(part));
        queries.add(queriesIn(objectOr(groundingMetadata)));
      }
    },
    charged: () => chargedFor(billed ?? queries.count, model),
  };
}

/** A counter of them in the bytes of a whole response. */
export function openCounter(): SearchCounter {
  const queries = openQueries();
  // The values of the last two may hold fields of any name.
  const finder = openJsonFieldFinder(
    ['webSearchQueries', 'toolCall', 'functionCall', 'toolResponse'],
    (name, value) => {
      if (name === 'webSearchQueries') queries.add(queriesIn({ webSearchQueries: value }));
      else if (name === 'toolCall') queries.add(queriesOfCall({ toolCall: value }));
    },
  );
  const model = openModelFinder();
  return {
    add(bytes) {
      finder.add(bytes);
      model.add(bytes);
    },
    count: () => chargedFor(queries.count, model.name),
    get fields() {
      return { modelVersion: model.name };
    },
  };
}

/**
 * How many searches are charged for, at most as many as one answer may report.
 * @param queries how many different ones were made
 * @param model its name, which may stand behind a path (`models/…`)
 */
export function chargedFor(queries: number, model: string): number {
  return Math.min(queries, chargedByPrompt.test(model) ? 1 : maxSearchesPerRequest);
}

// ---

/** Models before Gemini 3. */
const chargedByPrompt = /(?:^|\/)gemini-[12](?!\d)/;

/** Bytes that the field of the model may have: it is found where it is cut in two. */
const longestModelField = 512;

// The model's name in the bytes of an answer, which may stand at its beginning or at its end.
function openModelFinder() {
  let rest: Buffer = Buffer.alloc(0);
  const finder = {
    name: '',
    add(bytes: Buffer): void {
      const seen = Buffer.concat([rest, bytes]);
      if (seen.includes('"modelVersion"'))
        for (const { 1: name } of seen.toString('latin1').matchAll(/"modelVersion"\s{0,64}:\s{0,64}"([^"\\]{1,200})"/g))
          finder.name = name ?? '';
      rest = Buffer.from(seen.subarray(-longestModelField));
    },
  };
  return finder;
}

/** Queries that are told apart, and characters by which: more and longer ones are no longer those of a model. */
const mostQueries = 1_000;
const mostCharacters = 300;

function openQueries() {
  const different = new Set<string>();
  let more = 0;
  return {
    add(queries: readonly string[]): void {
      for (const query of queries) {
        const key = query.length <= mostCharacters ? query : `${query.slice(0, mostCharacters)}${query.length}`;
        if (different.has(key)) continue;
        if (different.size < mostQueries) different.add(key);
        else more++;
      }
    },
    get count() {
      return different.size + more;
    },
  };
}

// What a response says is billed; undefined where it does not. Most say nothing.
function billedIn(value: Json): number | undefined {
  const list = objectOr(value['usageMetadata'])['billedToolCalls'];
  if (!Array.isArray(list)) return undefined;
  const counts = list.map((raw) => {
    const { tool, successfulToolCallCount: count } = objectOr(raw);
    return /^google_search/i.test(textOr(tool)) ? searchCount(count) : 0;
  });
  const sum = counts.reduce((all, count) => all + count, 0);
  return Number.isNaN(sum) ? undefined : sum;
}
