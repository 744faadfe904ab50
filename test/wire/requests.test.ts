// Encodes every recorded request in every other format: valid by the provider's schema, or refused as the matrix says.

import { GatewayError } from '../../gateway/src/core/errors';
import { codecs, upstreamFormat } from '../../gateway/src/wire';
import type { Format, Message } from '../../gateway/src/wire/neutral';
import { describeIf } from '../support/shared';
import { specs, type Validator } from '../support/specs';
import { decoded, formats, knownTarget, plainTarget, recorded, targets } from './recorded';

const rows = recorded();
const known = specs();

describeIf(rows !== undefined && known !== undefined)('recorded requests in every other format', () => {
  const validators = {
    chat: known?.openai('CreateChatCompletionRequest'),
    responses: known?.openai('CreateResponse'),
    messages: known?.anthropic('CreateMessageParams'),
    generate: known?.gemini('GenerateContentRequest'),
  } as Record<Format, Validator>;

  // Fields that stand for something only their own provider holds: refused by name, as the matrix says.
  const heldElsewhere = new Set(['cachedContent', 'previous_response_id']);
  // What providers refused themselves when it was recorded may be refused here too; nothing else may.
  const refusedHere: string[] = [];

  test.each(formats)('to %s', (format) => {
    const problems: unknown[] = [];
    let checked = 0;
    for (const { name, format: from, body, row } of rows ?? []) {
      if (from === format) continue;
      try {
        const encoded = codecs[format].encodeRequest(decoded(from, body), targets[format]);
        const wrong = validators[format](JSON.parse(JSON.stringify(encoded.body)));
        checked++;
        if (wrong.length > 0) problems.push({ name, wrong: wrong.slice(0, 6) });
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        if (row.status >= 400 || heldElsewhere.has(error.field ?? '')) refusedHere.push(name);
        else problems.push({ name, refused: error.message });
      }
    }
    expect(problems).toEqual([]);
    expect(refusedHere.length).toBeLessThan(20);
    expect(checked).toBeGreaterThan(200);
  });
});

// What a format demands of the order and the content of turns.
describe('turns as a format takes them', () => {
  test('reasoning that stands behind its text comes before it in Responses, which refuses it last', () => {
    const reasoning = (id: string) =>
      ({
        type: 'reasoning',
        text: '',
        opaque: { format: 'responses', value: { id, encrypted_content: 'x' } },
      }) as const;
    const types = (...turns: Message['parts'][]) => {
      const messages: Message[] = [
        ...turns.map((parts) => ({ role: 'assistant', parts }) as const),
        { role: 'user', parts: [{ type: 'text', text: 'Q' }] },
      ];
      const { body } = codecs.responses.encodeRequest(
        { from: 'generate', messages, stream: false, native: {} },
        targets.responses,
      );
      return (body['input'] as { type?: string; role?: string; id?: string }[]).map(
        ({ type, role, id }) => id ?? role ?? type,
      );
    };
    const text = { type: 'text', text: 'A' } as const;
    const call = { type: 'toolCall', id: 'call_1', name: 'f', args: '{}' } as const;
    expect(types([text, reasoning('rs_1')])).toEqual(['rs_1', 'assistant', 'user']);
    expect(types([reasoning('rs_1'), text])).toEqual(['rs_1', 'assistant', 'user']);
    expect(types([reasoning('rs_1'), text, call, reasoning('rs_2')])).toEqual([
      ...['rs_1', 'assistant', 'rs_2', 'function_call', 'user'],
    ]);
    expect(types([text], [reasoning('rs_1'), reasoning('rs_2')])).toEqual(['rs_1', 'rs_2', 'assistant', 'user']);
    expect(types([reasoning('rs_1')], [text])).toEqual(['rs_1', 'assistant', 'user']);
    expect(types([reasoning('rs_1')])).toEqual(['user']);
  });

  const encoded = (format: Format, body: object) =>
    JSON.parse(
      JSON.stringify(codecs[format].encodeRequest(decoded('chat', { model: 'm', ...body }), targets[format]).body),
    ) as Record<string, { role: string; content?: unknown; parts?: unknown }[]>;

  test('a request of only a system prompt: it becomes the user’s', () => {
    const body = { messages: [{ role: 'system', content: 'Tell a joke' }] };
    expect(encoded('messages', body)['messages']).toEqual([{ role: 'user', content: 'Tell a joke' }]);
    expect(encoded('generate', body)['contents']).toEqual([{ role: 'user', parts: [{ text: 'Tell a joke' }] }]);
  });

  test('an assistant’s turn first: a user’s turn is put before it', () => {
    const body = {
      messages: [
        { role: 'assistant', content: 'Hello' },
        { role: 'user', content: 'hi' },
      ],
    };
    expect(encoded('messages', body)['messages']?.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(encoded('generate', body)['contents']?.map(({ role }) => role)).toEqual(['user', 'model', 'user']);
  });

  test('blank texts are left out, and nothing but blanks is refused by name', () => {
    const body = {
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: ' ' },
        { role: 'user', content: 'there' },
      ],
    };
    expect(encoded('messages', body)['messages']).toHaveLength(1);
    for (const format of ['messages', 'generate'] as const)
      expect(() => encoded(format, { messages: [{ role: 'user', content: '' }] })).toThrow(GatewayError);
  });

  test('results come first in the turn after their calls, however the client orders them', () => {
    const body = {
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          content: null,
          tool_calls: ['a', 'b'].map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })),
        },
        { role: 'tool', tool_call_id: 'b', content: '2' },
        { role: 'tool', tool_call_id: 'a', content: '1' },
        { role: 'user', content: 'and now?' },
      ],
    };
    const last = encoded('messages', body)['messages']?.at(-1)?.content as { type: string }[];
    expect(last.map(({ type }) => type)).toEqual(['tool_result', 'tool_result', 'text']);
    expect(encoded('generate', body)['contents']?.map(({ role }) => role)).toEqual(['user', 'model', 'user']);
  });

  test('calls of turns in a row are one turn’s: Gemini’s clients keep the pieces of a stream', () => {
    const call = (name: string) => ({ role: 'model', parts: [{ functionCall: { id: name, name, args: {} } }] });
    const result = (name: string) => ({ functionResponse: { id: name, name, response: { result: name } } });
    const contents = [
      { role: 'user', parts: [{ text: 'hi' }] },
      call('a'),
      call('b'),
      { role: 'model', parts: [] },
      { role: 'user', parts: [result('a'), result('b')] },
    ];
    const request = codecs.generate.decodeRequest({ contents });
    const roles = (codecs.chat.encodeRequest(request, plainTarget).body['messages'] as { role: string }[]).map(
      ({ role }) => role,
    );
    expect(roles).toEqual(['user', 'assistant', 'tool', 'tool']);
  });

  test('reasoning whose text is asked for goes to Responses', () => {
    const provider = { wire: 'openai', responses: true } as const;
    const formatFor = (thinking: object) =>
      upstreamFormat(provider, targets.chat, 'messages', { chatOnly: false, chatRefused: false }, () =>
        codecs.messages.decodeRequest({ max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], thinking }),
      );
    expect(formatFor({ type: 'adaptive', display: 'summarized' })).toBe('responses');
    expect(formatFor({ type: 'adaptive', display: 'omitted' })).toBe('chat');
    expect(formatFor({ type: 'disabled' })).toBe('chat');
  });

  test('a small budget becomes the lowest effort, not none', () => {
    const body = { max_tokens: 3_000, messages: [{ role: 'user', content: 'hi' }] };
    const thinking = { type: 'enabled', budget_tokens: 1_024 };
    const effort = (more: object) =>
      codecs.chat.encodeRequest(codecs.messages.decodeRequest({ ...body, ...more }), targets.chat).body[
        'reasoning_effort'
      ];
    expect(effort({ thinking })).toBe('low');
    expect(effort({ thinking: { type: 'disabled' } })).toBe('none');
  });

  test('a system message in mid-conversation stays one where the model takes it', () => {
    const target = knownTarget('claude-opus-5-5');
    const roles = (...said: string[]) => {
      const messages = said.map((role, i) => ({ role, content: `${role} ${i}` }));
      return codecs.messages.encodeRequest(decoded('chat', { messages }), target).body['messages'];
    };
    expect(roles('user', 'system', 'assistant', 'user', 'system', 'developer')).toEqual([
      { role: 'user', content: 'user 0' },
      { role: 'system', content: 'system 1' },
      { role: 'assistant', content: 'assistant 2' },
      { role: 'user', content: 'user 3' },
      { role: 'system', content: ['system 4', 'developer 5'].map((text) => ({ type: 'text', text })) },
    ]);
    expect(roles('user', 'assistant', 'system', 'user')).toEqual([
      { role: 'user', content: 'user 0' },
      { role: 'assistant', content: 'assistant 1' },
      { role: 'user', content: ['<system>\nsystem 2\n</system>', 'user 3'].map((text) => ({ type: 'text', text })) },
    ]);
    expect(roles('user', 'system', 'user', 'system')).toEqual([
      {
        role: 'user',
        content: ['user 0', '<system>\nsystem 1\n</system>', 'user 2'].map((text) => ({ type: 'text', text })),
      },
      { role: 'system', content: 'system 3' },
    ]);
  });

  test('a namespace of tools survives in its own format, and so do the calls of its tools', () => {
    const member = { type: 'function', name: 'sound', parameters: { type: 'object', properties: {} }, strict: false };
    const tools = [
      member,
      { type: 'namespace', name: 'mcp__depth', description: 'D', tools: [member, { ...member, name: 'x' }] },
    ];
    const call = { type: 'function_call', call_id: 'c', namespace: 'mcp__depth', name: 'sound', arguments: '{}' };
    const output = { type: 'function_call_output', call_id: 'c', output: 'o' };
    const input = [{ role: 'user', content: 'hi' }, call, output];
    const choice = { type: 'function', namespace: 'mcp__depth', name: 'x' };
    const request = codecs.responses.decodeRequest({ input, tools, tool_choice: choice });
    expect(codecs.responses.encodeRequest(request, targets.responses).body).toMatchObject({
      input,
      tools,
      tool_choice: choice,
    });
  });

  test('a missing maximum for Anthropic is the model’s own', () => {
    expect(encoded('messages', { messages: [{ role: 'user', content: 'hi' }] })['max_tokens']).toBe(128_000);
  });
});

describe('made-up fields', () => {
  test('within an object come back in their own format, in time that grows with them', () => {
    const output = Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`x${i}`, i]));
    const body = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], output_config: output };
    const { body: encoded } = codecs.messages.encodeRequest(codecs.messages.decodeRequest(body), targets.messages);
    expect(encoded['output_config']).toEqual(output);
  });

  test('of every object’s own names are fields like any other to Gemini', () => {
    const functions = [{ name: 'f', to_string: 1, constructor: 2, has_own_property: 3 }];
    const request = codecs.generate.decodeRequest({ contents: [{ parts: [{ text: 'hi' }] }], tools: [{ function_declarations: functions }] }); // prettier-ignore
    const { dropped } = codecs.chat.encodeRequest(request, targets.chat);
    const at = 'tools[0].functionDeclarations[0]';
    expect([...dropped].sort()).toEqual(['constructor', 'hasOwnProperty', 'toString'].map((name) => `${at}.${name}`));
  });
});
