// The features of requests, as each format has them, and how each is found in a decoded request. The matrix is measured with
// these: a feature is carried when decoding the encoded request finds what decoding the client's found. Otherwise it must be
// named as dropped, be refused, or stand in the table of approximations.

import type { Json } from '../../gateway/src/wire/jsonObject';
import type { Format, Media, NeutralRequest, Part } from '../../gateway/src/wire/neutral';

export interface Feature {
  readonly group: string;
  readonly name: string;
  /** Fields by format; a format without the feature is left out. */
  readonly in: Partial<Record<Format, Json>>;
  /** What must be the same in both requests. */
  find(request: NeutralRequest): unknown;
  /** Measured on older models, because the newest refuse sampling settings. */
  readonly classic?: true;
}

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const pdf = Buffer.from('%PDF-1.4 a page').toString('base64');
const wav = Buffer.from('RIFF....WAVE').toString('base64');
const note = 'Notes about Oslo.';
const hi = 'Hello';

const base: Readonly<Record<Format, Json>> = {
  chat: { model: 'm', messages: [{ role: 'user', content: hi }] },
  responses: { model: 'm', input: [{ role: 'user', content: hi }] },
  messages: { model: 'm', max_tokens: 9_000, messages: [{ role: 'user', content: hi }] },
  generate: { contents: [{ role: 'user', parts: [{ text: hi }] }] },
};

/** A whole request with the feature; undefined where the format does not have it. */
export function requestWith(feature: Feature, format: Format): Json | undefined {
  const fields = feature.in[format];
  return fields && { ...base[format], ...fields };
}

const schema = { type: 'object', properties: { city: { type: 'string', description: 'Where' } }, required: ['city'] };
const closed = { ...schema, additionalProperties: false };
const listed = { type: 'array', items: { type: 'string' } };
const eitherOf = {
  type: 'object',
  properties: { city: { type: 'string' }, zip: { type: 'string' } },
  anyOf: [{ required: ['city'] }, { required: ['zip'] }],
};
const tools = {
  chat: [{ type: 'function', function: { name: 'weather', description: 'Tells it', parameters: schema } }],
  responses: [{ type: 'function', name: 'weather', description: 'Tells it', parameters: schema, strict: false }],
  messages: [{ name: 'weather', description: 'Tells it', input_schema: schema }],
  generate: [{ functionDeclarations: [{ name: 'weather', description: 'Tells it', parametersJsonSchema: schema }] }],
};
const withTools = (more: Partial<Record<Format, Json>>): Partial<Record<Format, Json>> =>
  Object.fromEntries(
    Object.entries(more).map(([format, fields]) => [format, { tools: tools[format as Format], ...fields }]),
  );
const claudeSearch = { type: 'web_search_20250305', name: 'web_search' };
const searchOf = (request: NeutralRequest) => request.tools?.find((tool) => tool.type === 'webSearch');
const fields = (more: Partial<Record<Format, Json>>) => more;
const userParts = (more: Partial<Record<Format, readonly Json[]>>): Partial<Record<Format, Json>> =>
  Object.fromEntries(
    Object.entries(more).map(([format, parts]) => [
      format,
      format === 'generate'
        ? { contents: [{ role: 'user', parts }] }
        : { [format === 'responses' ? 'input' : 'messages']: [{ role: 'user', content: parts }] },
    ]),
  );

/** A conversation with one call and its result, in each format. */
const loop = (result: Readonly<Record<Format, unknown>>, before: Partial<Record<Format, readonly Json[]>> = {}) => ({
  chat: {
    tools: tools.chat,
    messages: [
      { role: 'user', content: hi },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }],
        ...before.chat?.[0],
      },
      { role: 'tool', tool_call_id: 'call_1', content: result.chat },
    ],
  },
  responses: {
    tools: tools.responses,
    input: [
      { role: 'user', content: hi },
      ...(before.responses ?? []),
      { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' },
      { type: 'function_call_output', call_id: 'call_1', output: result.responses },
    ],
  },
  messages: {
    tools: tools.messages,
    messages: [
      { role: 'user', content: hi },
      {
        role: 'assistant',
        content: [
          ...(before.messages ?? []),
          { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Oslo' } },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', ...(result.messages as Json) }] },
    ],
  },
  generate: {
    tools: tools.generate,
    contents: [
      { role: 'user', parts: [{ text: hi }] },
      {
        role: 'model',
        parts: [{ functionCall: { id: 'call_1', name: 'weather', args: { city: 'Oslo' } }, ...before.generate?.[0] }],
      },
      { role: 'user', parts: [{ functionResponse: { id: 'call_1', name: 'weather', ...(result.generate as Json) } }] },
    ],
  },
});
const plainLoop = loop({
  chat: 'rain',
  responses: 'rain',
  messages: { content: 'rain' },
  generate: { response: { output: 'rain' } },
});

const parts = (request: NeutralRequest): readonly Part[] => request.messages.flatMap((message) => message.parts);
const ofType = <T extends Part['type']>(request: NeutralRequest, type: T) =>
  parts(request).filter((part): part is Extract<Part, { type: T }> => part.type === type);
const media = (request: NeutralRequest): Omit<Media, 'name' | 'detail'>[] =>
  ofType(request, 'media').map(({ name: _name, detail: _detail, ...rest }) => rest);
const shown = (request: NeutralRequest) =>
  request.messages.map(({ role, parts: said }) => [role, said.map((part) => ('text' in part ? part.text : part.type))]);
const systems = (request: NeutralRequest) =>
  request.messages
    .filter(({ role }) => role === 'system')
    .map(({ parts: said }) => said.map((part) => ('text' in part ? part.text : '')).join(''));
const functions = (request: NeutralRequest) =>
  (request.tools ?? []).flatMap((tool) =>
    tool.type === 'function' ? [{ name: tool.name, description: tool.description, schema: tool.schema }] : [],
  );

export const features: readonly Feature[] = [
  // --- roles
  {
    group: 'Roles',
    name: 'system prompt',
    in: {
      chat: {
        messages: [
          { role: 'system', content: 'Be brief' },
          { role: 'user', content: hi },
        ],
      },
      responses: { instructions: 'Be brief' },
      messages: { system: 'Be brief' },
      generate: { systemInstruction: { parts: [{ text: 'Be brief' }] } },
    },
    find: systems,
  },
  {
    group: 'Roles',
    name: 'developer message',
    in: {
      chat: {
        messages: [
          { role: 'developer', content: 'Be brief' },
          { role: 'user', content: hi },
        ],
      },
      responses: {
        input: [
          { role: 'developer', content: 'Be brief' },
          { role: 'user', content: hi },
        ],
      },
    },
    find: systems,
  },
  {
    group: 'Roles',
    name: 'system message in mid-conversation',
    in: {
      chat: {
        messages: [
          { role: 'user', content: hi },
          { role: 'system', content: 'Be brief' },
          { role: 'user', content: 'Go' },
        ],
      },
      responses: {
        input: [
          { role: 'user', content: hi },
          { role: 'system', content: 'Be brief' },
          { role: 'user', content: 'Go' },
        ],
      },
      messages: {
        messages: [
          { role: 'user', content: hi },
          { role: 'system', content: 'Be brief' },
          { role: 'user', content: 'Go' },
        ],
      },
    },
    find: shown,
  },
  {
    group: 'Roles',
    name: 'turns in order',
    in: {
      chat: {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
          { role: 'user', content: 'c' },
        ],
      },
      responses: {
        input: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
          { role: 'user', content: 'c' },
        ],
      },
      messages: {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
          { role: 'user', content: 'c' },
        ],
      },
      generate: {
        contents: [
          { role: 'user', parts: [{ text: 'a' }] },
          { role: 'model', parts: [{ text: 'b' }] },
          { role: 'user', parts: [{ text: 'c' }] },
        ],
      },
    },
    find: shown,
  },
  {
    group: 'Roles',
    name: 'two user turns in a row',
    in: {
      chat: {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'user', content: 'b' },
        ],
      },
      responses: {
        input: [
          { role: 'user', content: 'a' },
          { role: 'user', content: 'b' },
        ],
      },
      messages: {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'user', content: 'b' },
        ],
      },
      generate: {
        contents: [
          { role: 'user', parts: [{ text: 'a' }] },
          { role: 'user', parts: [{ text: 'b' }] },
        ],
      },
    },
    find: (request) => shown(request).flatMap(([, said]) => said),
  },
  {
    group: 'Roles',
    name: 'assistant prefill',
    classic: true,
    in: {
      chat: {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
        ],
      },
      responses: {
        input: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
        ],
      },
      messages: {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
        ],
      },
      generate: {
        contents: [
          { role: 'user', parts: [{ text: 'a' }] },
          { role: 'model', parts: [{ text: 'b' }] },
        ],
      },
    },
    find: shown,
  },
  // --- content
  {
    group: 'Content',
    name: 'image, base64',
    in: userParts({
      chat: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } }],
      responses: [{ type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${png}` }],
      messages: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } }],
      generate: [{ inlineData: { mimeType: 'image/png', data: png } }],
    }),
    find: media,
  },
  {
    group: 'Content',
    name: 'image, URL',
    in: userParts({
      chat: [{ type: 'image_url', image_url: { url: 'https://example.org/cat.png' } }],
      responses: [{ type: 'input_image', detail: 'auto', image_url: 'https://example.org/cat.png' }],
      messages: [{ type: 'image', source: { type: 'url', url: 'https://example.org/cat.png' } }],
      generate: [{ fileData: { mimeType: 'image/png', fileUri: 'https://example.org/cat.png' } }],
    }),
    find: (request) => media(request).map(({ kind, url }) => ({ kind, url })),
  },
  {
    group: 'Content',
    name: 'image detail',
    in: userParts({
      chat: [{ type: 'image_url', image_url: { url: 'https://example.org/cat.png', detail: 'low' } }],
      responses: [{ type: 'input_image', detail: 'low', image_url: 'https://example.org/cat.png' }],
    }),
    find: (request) => ofType(request, 'media').map(({ detail }) => detail),
  },
  {
    group: 'Content',
    name: 'PDF, base64',
    in: userParts({
      chat: [{ type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${pdf}` } }],
      responses: [{ type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${pdf}` }],
      messages: [
        { type: 'document', title: 'a.pdf', source: { type: 'base64', media_type: 'application/pdf', data: pdf } },
      ],
      generate: [{ inlineData: { mimeType: 'application/pdf', data: pdf } }],
    }),
    find: media,
  },
  {
    group: 'Content',
    name: 'PDF, URL',
    in: userParts({
      responses: [{ type: 'input_file', file_url: 'https://example.org/a.pdf' }],
      messages: [{ type: 'document', source: { type: 'url', url: 'https://example.org/a.pdf' } }],
      generate: [{ fileData: { mimeType: 'application/pdf', fileUri: 'https://example.org/a.pdf' } }],
    }),
    find: media,
  },
  {
    group: 'Content',
    name: 'text document',
    in: userParts({
      messages: [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: note } }],
      generate: [{ inlineData: { mimeType: 'text/plain', data: Buffer.from(note).toString('base64') } }],
      responses: [
        {
          type: 'input_file',
          filename: 'a.txt',
          file_data: `data:text/plain;base64,${Buffer.from(note).toString('base64')}`,
        },
      ],
    }),
    find: media,
  },
  {
    group: 'Content',
    name: 'search result (as text)',
    in: userParts({
      messages: [
        { type: 'search_result', source: 'https://a.example', title: 'A', content: [{ type: 'text', text: note }] },
      ],
    }),
    find: (request) => ofType(request, 'text').map(({ text }) => text),
  },
  {
    group: 'Content',
    name: 'document name',
    in: userParts({
      chat: [{ type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${pdf}` } }],
      responses: [{ type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${pdf}` }],
      messages: [
        { type: 'document', title: 'a.pdf', source: { type: 'base64', media_type: 'application/pdf', data: pdf } },
      ],
    }),
    find: (request) => ofType(request, 'media').map(({ name }) => name),
  },
  {
    group: 'Content',
    name: 'file id of the provider',
    in: userParts({
      chat: [
        { type: 'text', text: hi },
        { type: 'file', file: { file_id: 'file-1' } },
      ],
      responses: [
        { type: 'input_text', text: hi },
        { type: 'input_file', file_id: 'file-1' },
      ],
      messages: [
        { type: 'text', text: hi },
        { type: 'document', source: { type: 'file', file_id: 'file_1' } },
      ],
      generate: [{ text: hi }, { fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/1' } }],
    }),
    find: (request) => ofType(request, 'raw').length,
  },
  {
    group: 'Content',
    name: 'audio',
    in: userParts({
      chat: [
        { type: 'text', text: hi },
        { type: 'input_audio', input_audio: { data: wav, format: 'wav' } },
      ],
      generate: [{ text: hi }, { inlineData: { mimeType: 'audio/wav', data: wav } }],
    }),
    find: media,
  },
  {
    group: 'Content',
    name: 'refusal in the history',
    in: {
      chat: {
        messages: [
          { role: 'user', content: hi },
          { role: 'assistant', content: null, refusal: 'No.' },
          { role: 'user', content: 'Why?' },
        ],
      },
      responses: {
        input: [
          { role: 'user', content: hi },
          { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
          { role: 'user', content: 'Why?' },
        ],
      },
    },
    find: (request) => ofType(request, 'refusal').map(({ text }) => text),
  },
  // --- tools
  {
    group: 'Tools',
    name: 'function tool',
    in: withTools({ chat: {}, responses: {}, messages: {}, generate: {} }),
    find: functions,
  },
  {
    group: 'Tools',
    name: 'strict tool',
    in: {
      chat: { tools: [{ type: 'function', function: { name: 'weather', parameters: closed, strict: true } }] },
      responses: { tools: [{ type: 'function', name: 'weather', parameters: closed, strict: true }] },
      messages: { tools: [{ name: 'weather', input_schema: closed, strict: true }] },
    },
    find: (request) => request.tools?.map((tool) => (tool.type === 'function' ? tool.strict : undefined)),
  },
  {
    group: 'Tools',
    name: 'alternatives at the root of its schema',
    in: {
      chat: { tools: [{ type: 'function', function: { name: 'weather', parameters: eitherOf } }] },
      responses: { tools: [{ type: 'function', name: 'weather', parameters: eitherOf }] },
      messages: { tools: [{ name: 'weather', input_schema: eitherOf }] },
      generate: { tools: [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: eitherOf }] }] },
    },
    find: (request) => request.tools?.map((tool) => (tool.type === 'function' ? tool.schema : undefined)),
  },
  {
    group: 'Tools',
    name: 'call and result',
    in: plainLoop,
    find: (request) => [
      ofType(request, 'toolCall').map(({ id, name, args }) => ({ id, name, args: JSON.parse(args) as unknown })),
      ofType(request, 'toolResult').map(({ id, parts: inner }) => ({ id, inner })),
    ],
  },
  {
    group: 'Tools',
    name: 'result that is an error',
    in: loop({
      chat: 'rain',
      responses: 'rain',
      messages: { content: 'no such city', is_error: true },
      generate: { response: { error: 'no such city' } },
    }),
    find: (request) => ofType(request, 'toolResult').map(({ isError }) => isError),
  },
  {
    group: 'Tools',
    name: 'result with an image',
    in: (() => {
      const { responses, messages, generate } = loop({
        chat: '',
        responses: [{ type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${png}` }],
        messages: { content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } }] },
        generate: { response: {}, parts: [{ inlineData: { mimeType: 'image/png', data: png } }] },
      });
      return { responses, messages, generate };
    })(),
    find: (request) =>
      ofType(request, 'toolResult').map(({ parts: inner }) =>
        inner.flatMap((part) => (part.type === 'media' ? [{ mime: part.mime, data: part.data }] : [])),
      ),
  },
  {
    group: 'Tools',
    name: 'tool choice: required',
    in: withTools({
      chat: { tool_choice: 'required' },
      responses: { tool_choice: 'required' },
      messages: { tool_choice: { type: 'any' } },
      generate: { toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
    }),
    find: (request) => request.toolChoice,
  },
  {
    group: 'Tools',
    name: 'tool choice: one tool',
    in: withTools({
      chat: { tool_choice: { type: 'function', function: { name: 'weather' } } },
      responses: { tool_choice: { type: 'function', name: 'weather' } },
      messages: { tool_choice: { type: 'tool', name: 'weather' } },
      generate: { toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather'] } } },
    }),
    find: (request) => request.toolChoice,
  },
  {
    group: 'Tools',
    name: 'tool choice: none',
    in: withTools({
      chat: { tool_choice: 'none' },
      responses: { tool_choice: 'none' },
      messages: { tool_choice: { type: 'none' } },
      generate: { toolConfig: { functionCallingConfig: { mode: 'NONE' } } },
    }),
    find: (request) => request.toolChoice,
  },
  {
    group: 'Tools',
    name: 'no parallel calls',
    in: withTools({
      chat: { parallel_tool_calls: false },
      responses: { parallel_tool_calls: false },
      messages: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
    }),
    find: (request) => request.parallelTools,
  },
  {
    group: 'Tools',
    name: 'custom tool (grammar)',
    in: {
      chat: {
        tools: [
          {
            type: 'custom',
            custom: {
              name: 'patch',
              format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "x"' } },
            },
          },
        ],
      },
      responses: {
        tools: [
          { type: 'custom', name: 'patch', format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' } },
        ],
      },
    },
    find: (request) => request.tools,
  },
  {
    group: 'Tools',
    name: 'tools in a group (namespace)',
    in: {
      responses: {
        tools: [{ type: 'namespace', name: 'mcp__sky', description: 'The sky', tools: tools.responses }],
        input: [
          { role: 'user', content: hi },
          { type: 'function_call', call_id: 'call_1', namespace: 'mcp__sky', name: 'weather', arguments: '{}' },
          { type: 'function_call_output', call_id: 'call_1', output: 'rain' },
        ],
      },
    },
    find: (request) => [request.tools, ofType(request, 'toolCall').map(({ name }) => name)],
  },
  {
    group: 'Web search',
    name: 'web search',
    in: {
      chat: { web_search_options: {} },
      responses: { tools: [{ type: 'web_search' }] },
      messages: { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      generate: { tools: [{ googleSearch: {} }] },
    },
    find: (request) => request.tools?.map(({ type }) => type),
  },
  {
    group: 'Web search',
    name: 'allowed domains',
    in: {
      responses: { tools: [{ type: 'web_search', filters: { allowed_domains: ['example.com'] } }] },
      messages: { tools: [{ ...claudeSearch, allowed_domains: ['example.com'] }] },
    },
    find: (request) => searchOf(request)?.allowedDomains,
  },
  {
    group: 'Web search',
    name: 'blocked domains',
    in: {
      responses: { tools: [{ type: 'web_search', filters: { blocked_domains: ['example.com'] } }] },
      messages: { tools: [{ ...claudeSearch, blocked_domains: ['example.com'] }] },
      generate: { tools: [{ googleSearch: { excludeDomains: ['example.com'] } }] },
    },
    find: (request) => searchOf(request)?.blockedDomains,
  },
  {
    group: 'Web search',
    name: 'most searches of an answer',
    in: {
      responses: { tools: [{ type: 'web_search' }], max_tool_calls: 3 },
      messages: { tools: [{ ...claudeSearch, max_uses: 3 }] },
    },
    find: (request) => searchOf(request)?.maxUses,
  },
  {
    group: 'Web search',
    name: "the user's place",
    in: {
      chat: {
        web_search_options: { user_location: { type: 'approximate', approximate: { city: 'Oslo', country: 'NO' } } },
      },
      responses: {
        tools: [{ type: 'web_search', user_location: { type: 'approximate', city: 'Oslo', country: 'NO' } }],
      },
      messages: { tools: [{ ...claudeSearch, user_location: { type: 'approximate', city: 'Oslo', country: 'NO' } }] },
    },
    find: (request) => searchOf(request)?.userLocation,
  },
  {
    group: 'Web search',
    name: 'how much of what is found is read',
    in: {
      chat: { web_search_options: { search_context_size: 'low' } },
      responses: { tools: [{ type: 'web_search', search_context_size: 'low' }] },
    },
    find: (request) => searchOf(request)?.contextSize,
  },
  {
    group: 'Web search',
    name: 'a search that must be made',
    in: {
      responses: { tools: [{ type: 'web_search' }], tool_choice: { type: 'web_search' } },
      messages: { tools: [claudeSearch], tool_choice: { type: 'tool', name: 'web_search' } },
    },
    find: (request) => request.toolChoice,
    classic: true,
  },
  {
    group: 'Web search',
    name: 'search in the history',
    in: {
      responses: {
        input: [
          { role: 'user', content: hi },
          {
            ...{ type: 'web_search_call', id: 'ws_1', status: 'completed' },
            action: { type: 'search', query: 'tides', sources: [{ type: 'url', url: 'https://example.com' }] },
          },
          { role: 'user', content: hi },
        ],
      },
      messages: {
        messages: [
          { role: 'user', content: hi },
          {
            role: 'assistant',
            content: [
              { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'tides' } },
              {
                type: 'web_search_tool_result',
                tool_use_id: 'srvtoolu_1',
                content: [
                  { type: 'web_search_result', url: 'https://example.com', title: 'E', encrypted_content: 'x' },
                ],
              },
            ],
          },
          { role: 'user', content: hi },
        ],
      },
    },
    find: (request) => ofType(request, 'webSearch').map(({ queries, results }) => [queries, results]),
  },
  {
    group: 'Web search',
    name: 'beside functions',
    in: {
      responses: { tools: [...tools.responses, { type: 'web_search' }] },
      messages: { tools: [...tools.messages, claudeSearch] },
    },
    find: (request) => request.tools?.map(({ type }) => type),
  },
  // --- the form of the answer
  {
    group: 'Form of the answer',
    name: 'JSON schema',
    in: {
      chat: {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'place', schema: { ...schema, additionalProperties: false } },
        },
      },
      responses: {
        text: { format: { type: 'json_schema', name: 'place', schema: { ...schema, additionalProperties: false } } },
      },
      messages: {
        output_config: { format: { type: 'json_schema', schema: { ...schema, additionalProperties: false } } },
      },
      generate: {
        generationConfig: {
          responseMimeType: 'application/json',
          responseJsonSchema: { ...schema, additionalProperties: false },
        },
      },
    },
    find: (request) => request.responseFormat?.type === 'schema' && request.responseFormat.schema,
  },
  {
    group: 'Form of the answer',
    name: 'any JSON',
    in: {
      chat: { response_format: { type: 'json_object' } },
      responses: { text: { format: { type: 'json_object' } } },
      generate: { generationConfig: { responseMimeType: 'application/json' } },
    },
    find: (request) => request.responseFormat?.type,
  },
  {
    group: 'Form of the answer',
    name: 'schema of a list',
    in: {
      messages: { output_config: { format: { type: 'json_schema', schema: listed } } },
      generate: { generationConfig: { responseMimeType: 'application/json', responseJsonSchema: listed } },
    },
    find: (request) => request.responseFormat?.type === 'schema' && request.responseFormat.schema,
  },
  // --- reasoning
  {
    group: 'Reasoning',
    name: 'effort',
    in: {
      chat: { reasoning_effort: 'high' },
      responses: { reasoning: { effort: 'high' } },
      messages: { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
      generate: { generationConfig: { thinkingConfig: { thinkingLevel: 'HIGH' } } },
    },
    find: (request) => request.reasoning?.effort,
  },
  {
    group: 'Reasoning',
    name: 'token budget',
    in: {
      chat: { reasoning: { max_tokens: 4_096 } },
      messages: { thinking: { type: 'enabled', budget_tokens: 4_096 } },
      generate: { generationConfig: { thinkingConfig: { thinkingBudget: 4_096 } } },
    },
    find: (request) => request.reasoning?.budget,
  },
  {
    group: 'Reasoning',
    name: 'as the model sees fit',
    in: { chat: { reasoning: { enabled: true } }, messages: { thinking: { type: 'adaptive' } } },
    find: (request) => request.reasoning !== undefined,
  },
  {
    group: 'Reasoning',
    name: 'off',
    in: {
      chat: { reasoning_effort: 'none' },
      responses: { reasoning: { effort: 'none' } },
      messages: { thinking: { type: 'disabled' } },
      generate: { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } },
    },
    find: (request) => request.reasoning?.effort,
  },
  {
    group: 'Reasoning',
    name: 'own sealed thoughts in the history',
    in: loop(
      { chat: 'rain', responses: 'rain', messages: { content: 'rain' }, generate: { response: { output: 'rain' } } },
      {
        chat: [{ reasoning_details: [{ type: 'reasoning.text', text: 'Hm', signature: 'sig', index: 0 }] }],
        responses: [{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA' }],
        messages: [{ type: 'thinking', thinking: 'Hm', signature: 'EqQB' }],
        generate: [{ thoughtSignature: 'CiQB' }],
      },
    ),
    find: (request) => ofType(request, 'reasoning').map(({ opaque }) => opaque?.format),
  },
  // --- caching
  {
    group: 'Caching',
    name: 'cache mark, 5 minutes',
    in: userParts({
      chat: [{ type: 'text', text: hi, cache_control: { type: 'ephemeral' } }],
      messages: [{ type: 'text', text: hi, cache_control: { type: 'ephemeral' } }],
    }),
    find: (request) => ofType(request, 'text').map(({ cache }) => cache),
  },
  {
    group: 'Caching',
    name: 'cache mark, 1 hour',
    in: userParts({
      chat: [{ type: 'text', text: hi, cache_control: { type: 'ephemeral', ttl: '1h' } }],
      messages: [{ type: 'text', text: hi, cache_control: { type: 'ephemeral', ttl: '1h' } }],
    }),
    find: (request) => ofType(request, 'text').map(({ cache }) => cache),
  },
  {
    group: 'Caching',
    name: 'cache key',
    in: fields({ chat: { prompt_cache_key: 'k' }, responses: { prompt_cache_key: 'k' } }),
    find: (request) => request.promptCacheKey,
  },
  {
    group: 'Caching',
    name: 'cache mark of a whole message',
    in: {
      chat: { messages: [{ role: 'user', content: hi, cache_control: { type: 'ephemeral' } }] },
      responses: { input: [{ role: 'user', content: hi, cache_control: { type: 'ephemeral' } }] },
    },
    find: (request) => ofType(request, 'text').map(({ cache }) => cache),
  },
  // --- sampling and limits
  {
    group: 'Sampling and limits',
    name: 'maximum output',
    in: {
      chat: { max_completion_tokens: 500 },
      responses: { max_output_tokens: 500 },
      messages: { max_tokens: 500 },
      generate: { generationConfig: { maxOutputTokens: 500 } },
    },
    find: (request) => request.maxOutput,
  },
  {
    group: 'Sampling and limits',
    name: 'no maximum',
    in: { chat: {}, responses: {}, generate: {} },
    find: (request) => request.maxOutput,
  },
  {
    group: 'Sampling and limits',
    name: 'temperature up to 1',
    classic: true,
    in: {
      chat: { temperature: 0.5 },
      responses: { temperature: 0.5 },
      messages: { temperature: 0.5 },
      generate: { generationConfig: { temperature: 0.5 } },
    },
    find: (request) => request.temperature,
  },
  {
    group: 'Sampling and limits',
    name: 'temperature above 1',
    classic: true,
    in: {
      chat: { temperature: 1.5 },
      responses: { temperature: 1.5 },
      generate: { generationConfig: { temperature: 1.5 } },
    },
    find: (request) => request.temperature,
  },
  {
    group: 'Sampling and limits',
    name: 'temperature, newest models',
    in: {
      chat: { temperature: 0.5 },
      responses: { temperature: 0.5 },
      messages: { temperature: 0.5 },
      generate: { generationConfig: { temperature: 0.5 } },
    },
    find: (request) => request.temperature,
  },
  {
    group: 'Sampling and limits',
    name: 'top_p',
    classic: true,
    in: {
      chat: { top_p: 0.5 },
      responses: { top_p: 0.5 },
      messages: { top_p: 0.5 },
      generate: { generationConfig: { topP: 0.5 } },
    },
    find: (request) => request.topP,
  },
  {
    group: 'Sampling and limits',
    name: 'top_k',
    classic: true,
    in: { chat: { top_k: 5 }, messages: { top_k: 5 }, generate: { generationConfig: { topK: 5 } } },
    find: (request) => request.topK,
  },
  {
    group: 'Sampling and limits',
    name: 'frequency penalty',
    classic: true,
    in: { chat: { frequency_penalty: 0.5 }, generate: { generationConfig: { frequencyPenalty: 0.5 } } },
    find: (request) => request.frequencyPenalty,
  },
  {
    group: 'Sampling and limits',
    name: 'presence penalty',
    classic: true,
    in: { chat: { presence_penalty: 0.5 }, generate: { generationConfig: { presencePenalty: 0.5 } } },
    find: (request) => request.presencePenalty,
  },
  {
    group: 'Sampling and limits',
    name: 'seed',
    in: { chat: { seed: 7 }, generate: { generationConfig: { seed: 7 } } },
    find: (request) => request.seed,
  },
  {
    group: 'Sampling and limits',
    name: 'stop sequences',
    classic: true,
    in: {
      chat: { stop: ['END'] },
      messages: { stop_sequences: ['END'] },
      generate: { generationConfig: { stopSequences: ['END'] } },
    },
    find: (request) => request.stop,
  },
  {
    group: 'Sampling and limits',
    name: 'several answers (n)',
    in: { chat: { n: 2 }, generate: { generationConfig: { candidateCount: 2 } } },
    find: (request) => request.answers,
  },
  {
    group: 'Sampling and limits',
    name: 'log probabilities',
    in: {
      chat: { logprobs: true, top_logprobs: 2 },
      responses: { top_logprobs: 2 },
      generate: { generationConfig: { responseLogprobs: true, logprobs: 2 } },
    },
    find: (request) => request.topLogprobs,
    classic: true,
  },
  {
    group: 'Sampling and limits',
    name: 'logit bias',
    in: { chat: { logit_bias: { '50256': -100 } } },
    find: (request) => Object.keys(request.native).length,
  },
  {
    group: 'Sampling and limits',
    name: 'prediction',
    in: { chat: { prediction: { type: 'content', content: 'x' } } },
    find: (request) => Object.keys(request.native).length,
  },
  {
    group: 'Sampling and limits',
    name: 'service tier: flex',
    in: { chat: { service_tier: 'flex' }, responses: { service_tier: 'flex' }, generate: { serviceTier: 'flex' } },
    find: (request) => request.serviceTier,
  },
  {
    group: 'Sampling and limits',
    name: 'verbosity',
    in: { chat: { verbosity: 'low' }, responses: { text: { verbosity: 'low' } } },
    find: (request) => request.verbosity,
  },
  {
    group: 'Sampling and limits',
    name: 'end user',
    in: { chat: { user: 'u1' }, responses: { user: 'u1' }, messages: { metadata: { user_id: 'u1' } } },
    find: (request) => request.endUser,
  },
  {
    group: 'Sampling and limits',
    name: 'metadata',
    in: { chat: { metadata: { a: 'b' } }, responses: { metadata: { a: 'b' } } },
    find: (request) => request.metadata,
  },
  // --- what only the provider holds
  {
    group: 'Held by the provider',
    name: 'previous_response_id, cachedContent',
    in: { responses: { previous_response_id: 'resp_1' }, generate: { cachedContent: 'cachedContents/1' } },
    find: (request) => Object.keys(request.native),
  },
];
