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
}

/** The searches of one message. */
export function openSearches(builder: EventBuilder): Searches {
  const waiting = new Map<string, string>(); // id → query
  const put = (id: string, query: string, found: ReturnType<typeof decodeFound>) => {
    builder.search({ id, queries: query === '' ? [] : [query], ...found });
    waiting.delete(id);
  };
  return {
    add(block) {
      if (isSearchCall(block)) waiting.set(textOr(block['id']), textOr(objectOr(block['input'])['query']));
      else if (block['type'] === 'web_search_tool_result') {
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
