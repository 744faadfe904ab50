// Tools that stand twice, or of which only some may be used.

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

test.each(['ANY', 'VALIDATED', 'AUTO'])('some that Gemini may call (%s)', (mode) => {
  const { body, dropped } = translated('generate', 'messages', {
    contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    tools: [{ functionDeclarations: ['a', 'b', 'c'].map((name) => ({ name })) }],
    toolConfig: { functionCallingConfig: { mode, allowedFunctionNames: ['b', 'c'] } },
  });
  expect([names(body['tools']), dropped]).toEqual([mode === 'AUTO' ? ['a', 'b', 'c'] : ['b', 'c'], []]);
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
