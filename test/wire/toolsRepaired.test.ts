// Tools that stand twice, or of which only some may be used.

import { codecs } from '../../gateway/src/wire';
import type { NeutralRequest } from '../../gateway/src/wire/neutral';
import { encodeRepaired } from '../../gateway/src/wire/repairRequest';
import { targets } from './recorded';
import { translated } from './translated';

const tool = (name: string, description = 'd') => ({ type: 'function', function: { name, description, parameters: { type: 'object', properties: {} } } }); // prettier-ignore
const messages = [{ role: 'user', content: 'Hi' }];
const names = (body: unknown) => [...JSON.stringify(body).matchAll(/"name":"(\w+)"/g)].map(([, name]) => name);

test.each(['responses', 'messages', 'generate'] as const)(
  'two of one name to %s: the first stays, the other is named',
  (to) => {
    const asked = { model: 'm', messages, tools: [tool('a'), tool('b'), tool('a', 'other')] };
    const { body, dropped, repaired } = translated('chat', to, asked);
    expect([names(body['tools']), dropped, repaired]).toEqual([['a', 'b'], ['tools[2]'], []]);
  },
);

describe('the second of one name is named as the client has it', () => {
  const fn = (name: string, description: string, more = {}) => ({ name, description, parameters: { type: 'object', properties: {} }, ...more }); // prettier-ignore
  const flat = (name: string, description: string, more = {}) => ({ type: 'function', ...fn(name, description, more) });
  const claudes = (name: string, description: string, more = {}) => ({ name, description, input_schema: { type: 'object', properties: {} }, ...more }); // prettier-ignore
  const odd = { odd: 1, odder: 2 };
  const gemini = { functionDeclarations: [fn('a', '1', odd), fn('b', '1')] };
  const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }];
  const nested = (name: string, description: string, more = {}) => ({ type: 'function', function: fn(name, description, more) }); // prettier-ignore
  test.each([
    ['chat', 'messages', 'tools[2]', { messages, tools: [nested('a', '1', odd), nested('b', '1'), nested('b', '2')] }],
    ['chat', 'messages', 'functions[1]', { messages, functions: [fn('a', '1'), fn('a', '2')] }],
    [
      'chat',
      'messages',
      'tools[2]',
      {
        messages,
        tools: [nested('c', '1'), nested('b', '1'), nested('b', '2')],
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'b' } }] },
        },
      },
    ],
    ['responses', 'messages', 'tools[3]', { input: 'Hi', tools: [{ type: 'web_search' }, flat('a', '1', odd), flat('b', '1'), flat('b', '2')] }], // prettier-ignore
    [
      'responses',
      'messages',
      'tools[1].tools[1]',
      {
        input: 'Hi',
        tools: [flat('g__b', '1', odd), { type: 'namespace', name: 'g', tools: [flat('a', '1'), flat('b', '2')] }],
      },
    ],
    ['messages', 'generate', 'tools[2]', { max_tokens: 9, messages, tools: [claudes('a', '1', odd), claudes('b', '1'), claudes('b', '2')] }], // prettier-ignore
    ['generate', 'messages', 'tools[1].functionDeclarations[0]', { contents, tools: [gemini, { functionDeclarations: [fn('b', '2')] }] }], // prettier-ignore
  ] as const)('%s to %s: %s', (from, to, at, asked) => {
    const { dropped } = translated(from, to, { model: 'm', ...asked });
    expect(dropped.filter((name) => !name.includes('odd'))).toEqual([at]);
  });
});

test('of many of one name only so many are told', () => {
  const tools = Array.from({ length: 3_000 }, (_, i) => tool('a', String(i)));
  const { dropped } = translated('chat', 'messages', { model: 'm', messages, tools });
  expect([dropped.length, dropped[0], dropped.at(-1)]).toEqual([41, 'tools[1]', '2959 more']);
});

test('many of one name are each looked at once', () => {
  const printed: number[] = [];
  const first = { type: 'object', properties: {}, toJSON: () => printed.push(0) };
  const later = (i: number) => ({ type: 'object', properties: {}, toJSON: () => printed.push(i) });
  const request: NeutralRequest = {
    from: 'chat',
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
    stream: false,
    native: {},
    tools: [first, ...Array.from({ length: 50 }, (_, i) => later(i + 1))].map((schema, i) => ({ type: 'function', name: 'f', schema, at: `tools[${i}]` })), // prettier-ignore
  };
  encodeRepaired(codecs.messages, request, targets.messages);
  expect(printed.sort((a, b) => a - b)).toEqual(Array.from({ length: 51 }, (_, i) => i));
});

describe.each(['messages', 'generate'] as const)('some that may be used, to %s', (to) => {
  const tools = [tool('a'), tool('b'), tool('c')];
  const chosen = (tool_choice: unknown) => translated('chat', to, { model: 'm', messages, tools, tool_choice });
  const allowed = (mode: string) => ({
    type: 'allowed_tools',
    allowed_tools: { mode, tools: [{ type: 'function', function: { name: 'b' } }, { type: 'function', function: { name: 'c' } }] },
  }); // prettier-ignore

  test('of chat completions', () => {
    const { body, dropped } = chosen(allowed('auto'));
    expect([names(body['tools']), dropped]).toEqual([['b', 'c'], []]);
    const forced = JSON.stringify(chosen(allowed('required')).body);
    expect(forced).toMatch(to === 'messages' ? /"tool_choice":\{"type":"any"/ : /"mode":"ANY"/);
    expect(() => chosen(allowed('none'))).toThrow(expect.objectContaining({ field: 'tool_choice.allowed_tools.mode' }) as Error); // prettier-ignore
  });
});

describe('some that may be used, one of them', () => {
  const flat = (name?: unknown) => ({ type: 'function', name });
  const nested = (name?: unknown) => ({ type: 'function', function: { name } });
  const asked = {
    chat: (allowed: unknown) => ({
      messages,
      tools: [tool('a'), tool('b')],
      tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [nested('a'), allowed] } },
    }),
    responses: (tool: unknown) => ({
      input: 'Hi',
      tools: [flat('a'), flat('b')],
      tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [flat('a'), tool] },
    }),
  };
  const chosen = (from: 'chat' | 'responses', tool: unknown) => translated(from, 'messages', { model: 'm', ...asked[from](tool) }); // prettier-ignore
  const list = { chat: 'tool_choice.allowed_tools.tools', responses: 'tool_choice.tools' };

  describe.each(['chat', 'responses'] as const)('of %s', (from) => {
    test.each([flat('b'), nested('b'), { type: 'custom', custom: { name: 'b' } }, { type: 'custom', name: 'b' }])(
      'named by %j',
      (tool) => {
        expect(names(chosen(from, tool).body['tools'])).toEqual(['a', 'b']);
      },
    );
    test.each([flat(), nested(), flat(7), {}, flat('zzz'), nested('zzz'), nested('')])('is refused: %j', (tool) => {
      const field = expect.stringContaining(`${list[from]}[1]`) as string;
      expect(() => chosen(from, tool)).toThrow(expect.objectContaining({ code: 'bad_request', field }) as Error);
    });
  });

  test('that OpenAI itself runs has no name', () => {
    const tools = [{ type: 'web_search' }, flat('a'), flat('b')];
    const tool_choice = { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'web_search' }, flat('b')] };
    const { body } = translated('responses', 'generate', { model: 'm', input: 'Hi', tools, tool_choice });
    expect(names(body['tools'])).toEqual(['b']);
  });
});

test.each(['ANY', 'VALIDATED', 'AUTO'])('some that Gemini may call (%s)', (mode) => {
  const { body, dropped } = translated('generate', 'messages', {
    contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    tools: [{ functionDeclarations: ['a', 'b', 'c'].map((name) => ({ name })) }],
    toolConfig: { functionCallingConfig: { mode, allowedFunctionNames: ['b', 'c'] } },
  });
  expect([names(body['tools']), dropped]).toEqual([mode === 'AUTO' ? ['a', 'b', 'c'] : ['b', 'c'], []]);
});

test.each(['ANY', 'VALIDATED'])('names that Gemini may call, of which none is declared, are refused (%s)', (mode) => {
  const asked = (...allowedFunctionNames: string[]) => ({
    contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    tools: [{ functionDeclarations: [{ name: 'a' }] }],
    toolConfig: { functionCallingConfig: { mode, allowedFunctionNames } },
  });
  const field = 'toolConfig.functionCallingConfig.allowedFunctionNames';
  expect(() => translated('generate', 'messages', asked('y', 'z'))).toThrow(expect.objectContaining({ code: 'bad_request', field }) as Error); // prettier-ignore
  expect(names(translated('generate', 'messages', asked('a', 'z')).body['tools'])).toEqual(['a']);
});

test('properties of which one is no schema keep the others', () => {
  const properties = { a: null, b: { type: 'integer' }, c: 'String', d: 5, e: true };
  const { body, repaired } = translated('chat', 'messages', {
    model: 'm',
    messages,
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties } } }],
  });
  expect([body['tools'], repaired]).toEqual([
    [
      {
        name: 'f',
        input_schema: {
          type: 'object',
          properties: { a: {}, b: { type: 'integer' }, c: { type: 'string' }, d: { description: 'd: 5.' }, e: true },
        },
      },
    ],
    ['schema'],
  ]);
});

test.each(['chat', 'responses'] as const)(
  'a function that has the name of Claude’s search takes its place, and is named (%s)',
  (from) => {
    const own = { name: 'web_search', parameters: { type: 'object', properties: {} } };
    const asked =
      from === 'chat'
        ? { model: 'm', messages, web_search_options: {}, tools: [{ type: 'function', function: own }] }
        : { model: 'm', input: 'Hi', tools: [{ type: 'web_search' }, { type: 'function', ...own }] };
    const { body, dropped } = translated(from, 'messages', asked);
    expect([body['tools'], dropped]).toEqual([
      [{ name: 'web_search', input_schema: own.parameters }],
      [from === 'chat' ? 'web_search_options' : 'tools[0]'],
    ]);
    expect(names(translated(from, 'generate', asked).body['tools'])).toEqual(['web_search']);
    expect(JSON.stringify(translated(from, 'generate', asked).body)).toContain('googleSearch');
  },
);
