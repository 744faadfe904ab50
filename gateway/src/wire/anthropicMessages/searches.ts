// Joins the calls of Anthropic's web search with their results, which follow them: several calls may come before the first
// result. Source: https://platform.claude.com/docs/en/build-with-claude/tool-use/web-search-tool (2026-11).

import type { Json } from '../jsonObject';
import { decodeFound } from '../shared/anthropicBlocks';
import type { EventBuilder } from '../shared/eventBuilder';
import { argsObject } from '../shared/exactJson';
import { objectOr, textOr } from '../shared/json';
import { searchName } from './searchTool';

export interface Searches {
  /** Takes a whole block; false where it is none of a search. */
  add(block: Json): boolean;
  /** The message is complete: a call without a result was paused, and is told without one. */
  end(): void;
  /** About how many bytes are held of calls whose results have not come. */
  readonly kept: number;
}

/** What a call that waits costs beside its id and query. */
const callCost = 64;

/** The searches of one message. */
export function openSearches(builder: EventBuilder): Searches {
  const waiting = new Map<string, string>(); // id → query
  let kept = 0;
  const forget = (id: string) => {
    const query = waiting.get(id);
    if (query === undefined) return;
    kept -= callCost + id.length + query.length;
    waiting.delete(id);
  };
  const put = (id: string, query: string, found: ReturnType<typeof decodeFound>) => {
    builder.search({ id, queries: query === '' ? [] : [query], ...found });
    forget(id);
  };
  return {
    get kept() {
      return kept;
    },
    add(block) {
      if (isSearchCall(block)) {
        const id = textOr(block['id']);
        const query = textOr(objectOr(block['input'])['query']);
        forget(id);
        waiting.set(id, query);
        kept += callCost + id.length + query.length;
      } else if (block['type'] === 'web_search_tool_result') {
        const id = textOr(block['tool_use_id']);
        put(id, waiting.get(id) ?? '', decodeFound(block['content']));
      } else return false;
      return true;
    },
    end() {
      for (const [id, query] of [...waiting]) put(id, query, {});
    },
  };
}

/** Whether a block is the call of a search. */
export function isSearchCall(block: Json): boolean {
  return block['type'] === 'server_tool_use' && block['name'] === searchName;
}

/** A call whose input has come in pieces, whole. */
export function withInput({ block, input }: { readonly block: Json; readonly input: string }): Json {
  return input === '' ? block : { ...block, input: argsObject(input, () => undefined) };
}
