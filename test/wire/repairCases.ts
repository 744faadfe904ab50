// One broken request for each repair, in each format that can say it. The page TRANSLATION.md is measured with these, and
// repairedHistories.test.ts holds every translation of them against the rules of its provider.

import type { Json } from '../../gateway/src/wire/jsonObject';
import type { Format } from '../../gateway/src/wire/neutral';
import type { Repair } from '../../gateway/src/wire/shared/repairs';

export interface RepairCase {
  readonly repair: Repair;
  readonly name: string;
  readonly in: Partial<Record<Format, Json>>;
}

type Step =
  | { readonly user: string }
  | { readonly model: string }
  | { readonly call: string; readonly name?: string; readonly args?: string; readonly together?: true }
  | { readonly result: string; readonly says: string; readonly isError?: true };

// A conversation in every format; a call `together` with the one before stands in the same turn.
function conversation(...steps: readonly Step[]): Partial<Record<Format, Json>> {
  return {
    chat: { model: 'm', messages: inChat(steps) },
    responses: { model: 'm', input: steps.map(asItem) },
    messages: { model: 'm', max_tokens: 2_000, messages: inMessages(steps) },
    generate: { contents: inContents(steps) },
  };
}

function inChat(steps: readonly Step[]): Json[] {
  const out: Record<string, unknown>[] = [];
  for (const step of steps) {
    if ('user' in step) out.push({ role: 'user', content: step.user });
    else if ('model' in step) out.push({ role: 'assistant', content: step.model });
    else if ('result' in step) out.push({ role: 'tool', tool_call_id: step.result, content: step.says });
    else {
      const { call: id, name = 'ls', args = '{}' } = step;
      const made = { id, type: 'function', function: { name, arguments: args } };
      if (step.together) (out.at(-1)?.['tool_calls'] as unknown[]).push(made);
      else out.push({ role: 'assistant', content: null, tool_calls: [made] });
    }
  }
  return out;
}

function asItem(step: Step): Json {
  if ('user' in step) return { role: 'user', content: step.user };
  if ('model' in step) return { role: 'assistant', content: step.model };
  if ('result' in step) return { type: 'function_call_output', call_id: step.result, output: step.says };
  return { type: 'function_call', call_id: step.call, name: step.name ?? 'ls', arguments: step.args ?? '{}' };
}

function inMessages(steps: readonly Step[]): Json[] {
  const out: { role: string; content: unknown }[] = [];
  for (const step of steps) {
    if ('user' in step) out.push({ role: 'user', content: step.user });
    else if ('model' in step) out.push({ role: 'assistant', content: step.model });
    else if ('result' in step) {
      const { result: tool_use_id, says: content, isError } = step;
      out.push({
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id, content, ...(isError && { is_error: true }) }],
      });
    } else {
      const block = {
        type: 'tool_use',
        id: step.call,
        name: step.name ?? 'ls',
        input: JSON.parse(step.args ?? '{}') as Json,
      };
      if (step.together) (out.at(-1)?.content as unknown[]).push(block);
      else out.push({ role: 'assistant', content: [block] });
    }
  }
  return out;
}

function inContents(steps: readonly Step[]): Json[] {
  const out: { role: string; parts: Json[] }[] = [];
  const names = new Map<string, string>();
  for (const step of steps) {
    if ('user' in step) out.push({ role: 'user', parts: [{ text: step.user }] });
    else if ('model' in step) out.push({ role: 'model', parts: [{ text: step.model }] });
    else if ('result' in step) {
      const { result: id, says } = step;
      const response = step.isError ? { error: says } : { output: says };
      out.push({ role: 'user', parts: [{ functionResponse: { id, name: names.get(id) ?? 'ls', response } }] });
    } else {
      const { call: id, name = 'ls', args = '{}' } = step;
      names.set(id, name);
      const part = { functionCall: { id, name, args: JSON.parse(args) as Json } };
      if (step.together) out.at(-1)?.parts.push(part);
      else out.push({ role: 'model', parts: [part] });
    }
  }
  return out;
}

const hi = { user: 'Hi' } as const;
const jpeg = Buffer.from('\xff\xd8\xff\xe0\0\x10JFIF\0', 'latin1').toString('base64');
const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64');
/** One whose base64 has both signs that the alphabet of URLs has others for. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC/+/+AA==';
const withImage = (mime: string, data: string): Partial<Record<Format, Json>> => {
  const url = `data:${mime};base64,${data}`;
  return {
    chat: { model: 'm', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] },
    responses: { model: 'm', input: [{ role: 'user', content: [{ type: 'input_image', image_url: url }] }] },
    ...(mime === ''
      ? {}
      : {
          messages: {
            model: 'm',
            max_tokens: 2_000,
            messages: [
              { role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: mime, data } }] },
            ],
          },
          generate: { contents: [{ role: 'user', parts: [{ inlineData: { mimeType: mime, data } }] }] },
        }),
  };
};
// Tools of one name, with these schemas.
const withTools = (...schemas: readonly Json[]): Partial<Record<Format, Json>> => ({
  chat: {
    model: 'm',
    messages: [{ role: 'user', content: 'Hi' }],
    tools: schemas.map((parameters) => ({ type: 'function', function: { name: 'ls', parameters } })),
  },
  responses: {
    model: 'm',
    input: 'Hi',
    tools: schemas.map((parameters) => ({ type: 'function', name: 'ls', parameters })),
  },
  messages: {
    model: 'm',
    max_tokens: 2_000,
    messages: [{ role: 'user', content: 'Hi' }],
    tools: schemas.map((schema) => ({ name: 'ls', input_schema: schema })),
  },
  generate: {
    contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    tools: [{ functionDeclarations: schemas.map((schema) => ({ name: 'ls', parametersJsonSchema: schema })) }],
  },
});
const withSchema = (schema: Json) => withTools({ type: 'object', properties: { field: schema } });
const result = (of: string, says = 'done') => ({ result: of, says });

export const repairCases: readonly RepairCase[] = [
  {
    repair: 'repeated-call',
    name: 'a call in the content and in `tool_calls`',
    in: {
      chat: {
        model: 'm',
        messages: [
          { role: 'user', content: 'Hi' },
          {
            role: 'assistant',
            content: [{ type: 'tool_use', id: 'toolu_1', name: 'ls', input: { path: '/' } }],
            tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'ls', arguments: '{"path": "/"}' } }],
          },
          { role: 'tool', tool_call_id: 'toolu_1', content: 'done' },
        ],
      },
    },
  },
  {
    repair: 'repeated-call',
    name: 'a call that stands twice',
    in: conversation(hi, { call: 'c1' }, { call: 'c1', together: true }, result('c1')),
  },
  {
    repair: 'reused-call-id',
    name: 'an id used again in a later turn',
    in: conversation(hi, { call: 'call_0' }, result('call_0'), { model: 'So' }, { user: 'And?' }, { call: 'call_0', name: 'cat' }, result('call_0', 'two')), // prettier-ignore
  },
  {
    repair: 'reused-call-id',
    name: 'two calls of one turn under one id',
    in: conversation(
      hi,
      { call: 'c1', args: '{"a":1}' },
      { call: 'c1', args: '{"a":2}', together: true },
      result('c1', 'one'),
      result('c1', 'two'),
    ),
  },
  {
    repair: 'missing-result',
    name: 'a call that was interrupted',
    in: conversation(hi, { call: 'c1' }, { user: 'stop!' }),
  },
  { repair: 'missing-result', name: 'a call at the end', in: conversation(hi, { call: 'c1' }) },
  {
    repair: 'missing-result',
    name: 'one of two results',
    in: conversation(hi, { call: 'c1' }, { call: 'c2', name: 'cat', together: true }, result('c2')),
  },
  {
    repair: 'repeated-result',
    name: 'a result that comes twice',
    in: conversation(hi, { call: 'c1' }, result('c1'), result('c1'), { user: 'Go on' }),
  },
  {
    repair: 'repeated-result',
    name: 'two results of one call',
    in: conversation(hi, { call: 'c1' }, result('c1', 'one'), result('c1', 'two')),
  },
  {
    repair: 'orphan-result',
    name: 'a result without its call',
    in: conversation(hi, result('c9'), { model: 'So' }, { user: 'Go on' }),
  },
  {
    repair: 'misplaced-result',
    name: 'a result after another word',
    in: conversation(hi, { call: 'c1' }, { user: 'wait' }, result('c1')),
  },
  {
    repair: 'misplaced-result',
    name: 'a result after a later turn',
    in: conversation(hi, { call: 'c1' }, { user: 'wait' }, { model: 'Yes' }, result('c1'), { user: 'Go on' }),
  },
  {
    repair: 'misplaced-call',
    name: "a call in the user's turn",
    in: {
      messages: {
        model: 'm',
        max_tokens: 2_000,
        messages: [{ role: 'user', content: [{ type: 'tool_use', id: 'c1', name: 'ls', input: {} }] }],
      },
    },
  },
  {
    repair: 'empty-error',
    name: 'an error without words',
    in: { generate: conversation(hi, { call: 'c1' }, { result: 'c1', says: '', isError: true }).generate ?? {} },
  },
  {
    repair: 'blank-turn',
    name: 'a last turn without words',
    in: conversation(hi, { model: 'Hello' }, { user: '' }),
  },
  {
    repair: 'blank-turn',
    name: "a turn of the model's without parts",
    in: {
      generate: {
        contents: [
          { role: 'user', parts: [{ text: 'Hi' }] },
          { role: 'model' },
          { role: 'user', parts: [{ text: 'Hello?' }] },
        ],
      },
    },
  },
  {
    repair: 'tool-arguments',
    name: 'arguments that were cut off',
    in: {
      chat: { model: 'm', messages: inChat([hi, { call: 'c1', args: '{"path": "/tmp/a' }, result('c1', 'no JSON')]) },
      responses: { model: 'm', input: [hi, { call: 'c1', args: '{"path": "/tmp/a' }, result('c1', 'no JSON')].map(asItem) }, // prettier-ignore
    },
  },
  { repair: 'media-type', name: 'a JPEG that is called a PNG', in: withImage('image/png', jpeg) },
  { repair: 'media-type', name: 'an image without a type', in: withImage('', jpeg) },
  { repair: 'media-type', name: 'a vector graphic', in: withImage('image/svg+xml', svg) },
  {
    repair: 'base64',
    name: 'an image in the alphabet of URLs',
    in: withImage('image/png', png.replace(/\+/g, '-').replace(/\//g, '_')),
  },
  { repair: 'base64', name: 'an image in several lines', in: withImage('image/png', png.replace(/.{60}/g, '$&\r\n')) },
  { repair: 'base64', name: 'an image whose end is not filled up', in: withImage('image/png', png.replace(/=+$/, '')) },
  {
    repair: 'repeated-tool',
    name: 'a tool that is declared twice',
    in: withTools({ type: 'object' }, { type: 'object' }),
  },
  { repair: 'schema', name: 'a name that is required twice', in: withSchema({ type: 'object', required: ['a', 'a'] }) },
  {
    repair: 'schema',
    name: 'a property that says nothing',
    in: withSchema({ type: 'object', properties: { a: null, b: { type: 'string' } } }),
  },
  {
    repair: 'schema',
    name: 'a bound as a flag (draft 4)',
    in: withSchema({ type: 'integer', minimum: 1, exclusiveMinimum: true }),
  },
  {
    repair: 'schema',
    name: 'a tuple in `items`',
    in: withSchema({ type: 'array', items: [{ type: 'string' }, { type: 'INTEGER' }] }),
  },
  {
    repair: 'json-word',
    name: 'JSON without a schema and without a word of it',
    in: {
      generate: {
        contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
        generationConfig: { responseMimeType: 'application/json' },
      },
    },
  },
  {
    repair: 'lone-surrogate',
    name: 'half of a character',
    in: conversation({ user: 'a\ud83d b' }),
  },
];
