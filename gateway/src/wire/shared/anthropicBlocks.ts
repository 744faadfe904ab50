// Anthropic's content blocks as neutral parts. Shared, because some clients send them in chat completions.
// Source: https://platform.claude.com/docs/en/api/messages, content blocks (2026-11).

import type { Json } from '../jsonObject';
import {
  type Citation,
  type Media,
  type Opaque,
  type Part,
  type SearchResult,
  textOf,
  type WebSearch,
} from '../neutral';
import { decodeJoined, decodeOpaque } from '../reasoning/envelope';
import { decodeCache } from './cacheControl';
import { defined, listOr, needList, needObject, needText, objectOr, optionalText, textOr, wrong } from './json';
import { kindOf } from './media';
import { isOurSearch } from './webSearch';

const translatable = new Set([
  'text', 'image', 'document', 'search_result', 'tool_use', 'tool_result', 'thinking', 'redacted_thinking', 'server_tool_use',
  'web_search_tool_result',
]); // prettier-ignore

/** Whether a block's type is one of Anthropic's that have a neutral form. */
export function isBlockType(type: unknown): boolean {
  return typeof type === 'string' && translatable.has(type);
}

/** A text, or a list of blocks, as parts. @param at its path. @throws GatewayError bad_request naming the field */
export function decodeContent(content: unknown, at: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) wrong(at, 'a text or a list of blocks');
  return needList(content, at).flatMap((raw, i) => decodeBlock(needObject(raw, `${at}[${i}]`), `${at}[${i}]`));
}

/** One block as parts. @param at its path. @throws GatewayError bad_request naming the field */
export function decodeBlock(block: Json, at: string): Part[] {
  switch (block['type']) {
    case 'text':
      return [decodeText(block, at)];
    case 'image':
      if (isFile(block)) return [fileOf(block, at)];
      return [{ ...decodeSource(block, 'image', at), ...cacheOf(block, at) }];
    case 'document':
      return decodeDocument(block, at);
    case 'search_result':
      return [decodeSearchResult(block, at)];
    case 'tool_use':
      return [decodeToolUse(block, at)];
    case 'tool_result':
      return [decodeToolResult(block, at)];
    // The result of Claude Code's tool search. The tool itself stands in full among the request's tools.
    case 'tool_reference':
      return [{ type: 'text', text: `Tool loaded: ${needText(block['tool_name'], `${at}.tool_name`)}` }];
    case 'thinking': {
      const [opaque, ...joined] = decodeJoined(block['signature'], (signature) => ({
        format: 'messages',
        value: { signature },
      }));
      return [...reasoningOf(textOr(block['thinking']), opaque), ...joined.flatMap((other) => reasoningOf('', other))];
    }
    case 'redacted_thinking': {
      const opaque = decodeOpaque(block['data'], (data) => ({ format: 'messages', value: { data } }));
      return reasoningOf('', opaque);
    }
    case 'server_tool_use':
    case 'web_search_tool_result': {
      const search = decodeSearchBlock(block);
      return [search ?? { type: 'raw', format: 'messages', value: block, at }];
    }
    default:
      return typeof block['type'] === 'string'
        ? [{ type: 'raw', format: 'messages', value: block, at }]
        : wrong(`${at}.type`, 'a text such as "text", "image" or "tool_result"');
  }
}

/** What a search found, or why it failed, in the content of its result block. */
export function decodeFound(content: unknown): Pick<WebSearch, 'results' | 'error'> {
  const error = objectOr(content)['error_code'];
  if (typeof error === 'string') return { results: [], error };
  const results = listOr(content).flatMap((raw): SearchResult[] => {
    const { url, title, page_age: pageAge } = objectOr(raw);
    if (typeof url !== 'string' || url === '') return [];
    return [
      {
        url,
        ...(typeof title === 'string' ? { title } : {}),
        ...(typeof pageAge === 'string' ? { pageAge } : {}),
      },
    ];
  });
  return { results };
}

/** A block of a web search as one; undefined for another tool of Anthropic's. One that we made has no native form. */
export function decodeSearchBlock(block: Json): WebSearch | undefined {
  const isResult = block['type'] === 'web_search_tool_result';
  if (!isResult && block['name'] !== 'web_search') return undefined;
  const id = textOr(block[isResult ? 'tool_use_id' : 'id']);
  const query = textOr(objectOr(block['input'])['query']);
  return {
    type: 'webSearch',
    id,
    queries: isResult || query === '' ? [] : [query],
    ...(isResult ? decodeFound(block['content']) : {}),
    ...(isOurSearch(id) ? {} : { native: { format: 'messages', value: block } }),
  };
}

/** Citations that name a URL: those of searches. Citations of a document that was sent name none and are left out. */
export function decodeCitations(value: unknown): Citation[] {
  return listOr(value).flatMap((raw): Citation[] => {
    const citation = objectOr(raw);
    const url = textOr(citation['url']) || textOr(citation['source']);
    if (url === '') return [];
    return [{ url, ...defined({ title: typeof citation['title'] === 'string' ? citation['title'] : undefined }) }];
  });
}

// ---

// Some clients write a block without text or signature before each of their calls, which says nothing.
function reasoningOf(text: string, opaque: Opaque | undefined): Part[] {
  return text === '' && opaque === undefined ? [] : [{ type: 'reasoning', text, ...defined({ opaque }) }];
}

function cacheOf(block: Json, at: string): ReturnType<typeof decodeCache> {
  return decodeCache(block['cache_control'], `${at}.cache_control`);
}

function decodeText(block: Json, at: string): Part {
  const citations = decodeCitations(block['citations']);
  return {
    type: 'text',
    text: needText(block['text'], `${at}.text`),
    ...(citations.length > 0 ? { citations } : {}),
    ...cacheOf(block, at),
  };
}

function decodeDocument(block: Json, at: string): Part[] {
  const source = needObject(block['source'], `${at}.source`);
  if (source['type'] === 'content') return decodeContent(source['content'], `${at}.source.content`);
  const name = optionalText(block['title'], `${at}.title`);
  const document: Part = isFile(block)
    ? fileOf(block, at)
    : { ...decodeSource(block, 'document', at), ...defined({ name }), ...cacheOf(block, at) };
  const unsaid = [
    ...(objectOr(block['citations'])['enabled'] === true ? ['citations'] : []),
    ...(textOr(block['context']) === '' ? [] : ['context']), // what is said of the document, and is no part of it
  ];
  return [
    document,
    ...unsaid.map((name): Part => ({ type: 'raw', format: 'messages', value: undefined, at: `${at}.${name}` })),
  ];
}

// What the client's own search has found: its text, under its title and address.
function decodeSearchResult(block: Json, at: string): Part {
  const found = decodeContent(block['content'], `${at}.content`);
  const head = [textOr(block['title']), textOr(block['source'])].filter((text) => text !== '').join(', ');
  return { type: 'text', text: [head, textOf(found, '\n')].join('\n'), ...cacheOf(block, at) };
}

function decodeToolUse(block: Json, at: string): Part {
  return {
    type: 'toolCall',
    id: needText(block['id'], `${at}.id`),
    name: needText(block['name'], `${at}.name`),
    args: JSON.stringify(needObject(block['input'] ?? {}, `${at}.input`)),
    ...cacheOf(block, at),
  };
}

function decodeToolResult(block: Json, at: string): Part {
  const content = block['content'];
  const parts = content === undefined || content === null ? [] : decodeContent(content, `${at}.content`);
  const id = needText(block['tool_use_id'], `${at}.tool_use_id`);
  return { type: 'toolResult', id, parts, isError: block['is_error'] === true, ...cacheOf(block, at) };
}

function decodeSource(block: Json, kind: Media['kind'], at: string): Media {
  const source = needObject(block['source'], `${at}.source`);
  switch (source['type']) {
    case 'base64': {
      const mime = needText(source['media_type'], `${at}.source.media_type`);
      const data = needText(source['data'], `${at}.source.data`);
      return { type: 'media', kind: kind === 'image' ? 'image' : kindOf(mime), mime, data };
    }
    case 'text': {
      const data = Buffer.from(needText(source['data'], `${at}.source.data`)).toString('base64');
      return { type: 'media', kind, mime: textOr(source['media_type'], 'text/plain'), data };
    }
    case 'url': {
      const url = needText(source['url'], `${at}.source.url`);
      return { type: 'media', kind, mime: kind === 'document' ? 'application/pdf' : 'image/*', url };
    }
    default:
      return wrong(`${at}.source.type`, 'one of base64, url, text, file');
  }
}

// Only the provider that stored a file knows its id.
function isFile(block: Json): boolean {
  return objectOr(block['source'])['type'] === 'file';
}

function fileOf(block: Json, at: string): Part {
  return { type: 'raw', format: 'messages', value: block, at: `${at}.source.file_id` };
}
