// Anthropic's content blocks as neutral parts. Source: Anthropic API reference, "Messages", content blocks.

import type { Json } from '../codec';
import { defined, listOr, needList, needObject, needText, objectOr, optionalText, textOr, wrong } from '../shared/json';
import { kindOf } from '../shared/media';
import { type CacheMark, type Citation, type Media, type Part, textOf } from '../neutral';
import { decodeOpaque } from '../reasoning/envelope';

const carried = new Set([
  'text',
  'image',
  'document',
  'search_result',
  'tool_use',
  'tool_result',
  'thinking',
  'redacted_thinking',
]);

/** Whether a block's type is one of Anthropic's that have a neutral form. */
export function isBlockType(type: unknown): boolean {
  return typeof type === 'string' && carried.has(type);
}

/** @throws GatewayError bad_request naming the field */
export function decodeContent(content: unknown, at: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) wrong(at, 'a text or a list of blocks');
  return needList(content, at).flatMap((raw, i) => decodeBlock(needObject(raw, `${at}[${i}]`), `${at}[${i}]`));
}

export function decodeBlock(block: Json, at: string): Part[] {
  const cache = decodeCache(block['cache_control'], `${at}.cache_control`);
  switch (block['type']) {
    case 'text': {
      const citations = decodeCitations(block['citations']);
      return [
        {
          type: 'text',
          text: needText(block['text'], `${at}.text`),
          ...(citations.length > 0 ? { citations } : {}),
          ...cache,
        },
      ];
    }
    case 'image':
      if (isFile(block)) return [fileOf(block, at)];
      return [{ ...decodeSource(block, 'image', at), ...cache }];
    case 'document': {
      const source = needObject(block['source'], `${at}.source`);
      if (source['type'] === 'content') return decodeContent(source['content'], `${at}.source.content`);
      const name = optionalText(block['title'], `${at}.title`);
      const media: Part = isFile(block)
        ? fileOf(block, at)
        : { ...decodeSource(block, 'document', at), ...defined({ name }), ...cache };
      const asked = objectOr(block['citations'])['enabled'] === true;
      return [
        media,
        ...(asked ? [{ type: 'raw', format: 'messages', value: undefined, at: `${at}.citations` } as const] : []),
      ];
    }
    // What a search of the client's own has found: its words, with where they stand.
    case 'search_result': {
      const found = decodeContent(block['content'], `${at}.content`);
      const from = [textOr(block['title']), textOr(block['source'])].filter((text) => text !== '').join(', ');
      return [{ type: 'text', text: [from, textOf(found, '\n')].join('\n'), ...cache }];
    }
    case 'tool_use':
      return [
        {
          type: 'toolCall',
          id: needText(block['id'], `${at}.id`),
          name: needText(block['name'], `${at}.name`),
          args: JSON.stringify(needObject(block['input'] ?? {}, `${at}.input`)),
          ...cache,
        },
      ];
    case 'tool_result': {
      const inner = block['content'];
      const parts = inner === undefined || inner === null ? [] : decodeContent(inner, `${at}.content`);
      const id = needText(block['tool_use_id'], `${at}.tool_use_id`);
      return [{ type: 'toolResult', id, parts, isError: block['is_error'] === true, ...cache }];
    }
    // What Claude Code's search for tools answers with; the tool itself stands in full among the request's.
    case 'tool_reference':
      return [{ type: 'text', text: `Tool loaded: ${needText(block['tool_name'], `${at}.tool_name`)}` }];
    case 'thinking': {
      const opaque = decodeOpaque(block['signature'], (signature) => ({ format: 'messages', value: { signature } }));
      return [{ type: 'reasoning', text: textOr(block['thinking']), ...defined({ opaque }) }];
    }
    case 'redacted_thinking': {
      const opaque = decodeOpaque(block['data'], (data) => ({ format: 'messages', value: { data } }));
      return [{ type: 'reasoning', text: '', ...defined({ opaque }) }];
    }
    default:
      return typeof block['type'] === 'string'
        ? [{ type: 'raw', format: 'messages', value: block, at }]
        : wrong(`${at}.type`, 'a text such as "text", "image" or "tool_result"');
  }
}

/** A cache mark, as a field to be spread; nothing where there is none. */
export function decodeCache(value: unknown, at: string): { cache?: CacheMark } {
  if (value === undefined || value === null) return {};
  const control = needObject(value, at);
  return { cache: control['ttl'] === '1h' ? '1h' : '5m' };
}

/** Citations that name an address: those of searches. */
export function decodeCitations(value: unknown): Citation[] {
  return listOr(value).flatMap((raw): Citation[] => {
    const citation = objectOr(raw);
    const url = textOr(citation['url']) || textOr(citation['source']);
    if (url === '') return [];
    return [{ url, ...defined({ title: typeof citation['title'] === 'string' ? citation['title'] : undefined }) }];
  });
}

// ---

function decodeSource(block: Json, kind: Media['kind'], at: string): Media {
  const source = needObject(block['source'], `${at}.source`);
  switch (source['type']) {
    case 'base64': {
      const mime = needText(source['media_type'], `${at}.source.media_type`);
      return {
        type: 'media',
        kind: kind === 'image' ? 'image' : kindOf(mime),
        mime,
        data: needText(source['data'], `${at}.source.data`),
      };
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

// A file id is known to its provider only.
function isFile(block: Json): boolean {
  return objectOr(block['source'])['type'] === 'file';
}

function fileOf(block: Json, at: string): Part {
  return { type: 'raw', format: 'messages', value: block, at: `${at}.source.file_id` };
}
