// Every setting that some model refuses, as a client writes it on each wire; and the models that the gateway may choose.

import { type Model, models } from '../../config/catalogue';
import { misspelt, retired } from '../catalogue/overrides';
import type { Scene } from './sim';
import type { Fields } from './translation';

/** A hint may be changed and is then named; a demand is honoured, or refused by name. */
export interface Setting {
  readonly name: string;
  readonly fields: Fields;
  /** Names of which one stands in the header or the refusal; the field's own. */
  readonly field: string;
  readonly kind: 'hint' | 'demand';
  /** It asks for the default, so that nothing is lost without it. */
  readonly idle?: true;
}

export interface Wire {
  readonly format: 'chat' | 'responses' | 'messages' | 'generate';
  readonly provider: Model['provider'];
  readonly path: (model: string) => string;
  /** A request that every model of the provider takes. */
  readonly body: (model: string) => Fields;
  readonly settings: readonly Setting[];
}

const hint = (name: string, fields: Fields, field = Object.keys(fields)[0]!): Setting => ({
  name,
  fields,
  field,
  kind: 'hint',
});
const demand = (name: string, fields: Fields, field = Object.keys(fields)[0]!): Setting => ({
  name,
  fields,
  field,
  kind: 'demand',
});

const user = { role: 'user', content: 'Hello' };
const schema = { type: 'object', properties: { a: { type: 'string' } } };
const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
const config = (name: string, value: unknown): [Fields, string] => [
  { generationConfig: { maxOutputTokens: 4_000, [name]: value } },
  `generationConfig.${name}`,
];
const thinking = (value: Fields): [Fields, string] => config('thinkingConfig', value);

export const wires: readonly Wire[] = [
  {
    format: 'chat',
    provider: 'openai',
    path: () => '/v1/chat/completions',
    body: (model) => ({ model, messages: [user] }),
    settings: [
      hint('temperature', { temperature: 0.7 }),
      hint('top_p', { top_p: 0.5 }),
      hint('top_k', { top_k: 40 }),
      hint('frequency_penalty', { frequency_penalty: 0.5 }),
      hint('presence_penalty', { presence_penalty: 0.5 }),
      hint('logit_bias', { logit_bias: { '50256': -100 } }),
      ...efforts.map((effort) => hint(`effort ${effort}`, { reasoning_effort: effort })),
      ...efforts.map((effort) =>
        hint(`effort ${effort} and temperature`, { temperature: 0.7, reasoning_effort: effort }),
      ),
      hint('search', { web_search_options: {} }),
      hint('search at effort high', { reasoning_effort: 'high', web_search_options: {} }),
      demand('n and a search', { web_search_options: {}, n: 2 }, 'n'),
      demand('stop and a search', { web_search_options: {}, stop: ['END'] }, 'stop'),
      demand('forced tool', {
        tool_choice: 'required',
        tools: [{ type: 'function', function: { name: 'f', parameters: schema } }],
      }),
      demand('n', { n: 2 }),
      demand('logprobs', { logprobs: true, top_logprobs: 2 }),
      demand('logprobs at effort none', { logprobs: true, reasoning_effort: 'none' }),
      demand('stop', { stop: ['END'] }),
    ],
  },
  {
    format: 'responses',
    provider: 'openai',
    path: () => '/v1/responses',
    body: (model) => ({ model, input: 'Hello' }),
    settings: [
      hint('temperature', { temperature: 0.7 }),
      hint('top_p', { top_p: 0.5 }),
      ...efforts.map((effort) => hint(`effort ${effort}`, { reasoning: { effort } }, 'reasoning.effort')),
      demand('forced tool', { tool_choice: 'required', tools: [{ type: 'function', name: 'f', parameters: schema }] }),
      demand('logprobs', { include: ['message.output_text.logprobs'], top_logprobs: 2 }),
    ],
  },
  {
    format: 'messages',
    provider: 'anthropic',
    path: () => '/anthropic/v1/messages',
    body: (model) => ({ model, max_tokens: 4_000, messages: [user] }),
    settings: [
      hint('temperature', { temperature: 0.7 }),
      hint('top_p', { top_p: 0.5 }),
      hint('top_k', { top_k: 40 }),
      hint('temperature and top_p', { top_p: 0.5, temperature: 0.7 }),
      hint('thinking budget', { thinking: { type: 'enabled', budget_tokens: 2_000 } }),
      hint('thinking adaptive', { thinking: { type: 'adaptive' } }),
      hint('thinking off', { thinking: { type: 'disabled' } }),
      hint('thinking between tools', { thinking: { type: 'between_tools' } }),
      ...efforts
        .slice(2)
        .map((effort) => hint(`effort ${effort}`, { output_config: { effort } }, 'output_config.effort')),
      hint(
        'thinking off at effort max',
        { output_config: { effort: 'max' }, thinking: { type: 'disabled' } },
        'output_config.effort',
      ),
      demand('prefill', { messages: [user, { role: 'assistant', content: 'So' }] }),
      demand('forced tool', { tool_choice: { type: 'any' }, tools: [{ name: 'f', input_schema: schema }] }),
      demand('stop', { stop_sequences: ['END'] }),
    ],
  },
  {
    format: 'generate',
    provider: 'google',
    path: (model) => `/v1beta/models/${model}:generateContent`,
    body: () => ({ contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] }),
    settings: [
      hint('temperature', ...config('temperature', 0.7)),
      hint('topP', ...config('topP', 0.5)),
      hint('topK', ...config('topK', 40)),
      hint('frequencyPenalty', ...config('frequencyPenalty', 0.5)),
      hint('presencePenalty', ...config('presencePenalty', 0.5)),
      { ...hint('one candidate', ...config('candidateCount', 1)), idle: true },
      hint('thinking budget', ...thinking({ thinkingBudget: 2_000 })),
      hint('little thinking budget', ...thinking({ thinkingBudget: 1 })),
      hint('thinking off', ...thinking({ thinkingBudget: 0 })),
      hint('thinking as it likes', ...thinking({ thinkingBudget: -1 })),
      ...['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'].map((level) =>
        hint(`thinking ${level}`, ...thinking({ thinkingLevel: level })),
      ),
      demand('forced tool', {
        toolConfig: { functionCallingConfig: { mode: 'ANY' } },
        tools: [{ functionDeclarations: [{ name: 'f', parameters: schema }] }],
      }),
      demand('n', ...config('candidateCount', 2)),
      demand('logprobs', ...config('responseLogprobs', true)),
      demand('stop', ...config('stopSequences', ['END'])),
    ],
  },
];

/** The chat models that the gateway may choose: the current ones, and those that answer for names that are gone. */
export function choosable(provider: Model['provider']): Model[] {
  const heirs = new Set([
    ...Object.keys(retired),
    ...Object.keys(misspelt),
    ...models.flatMap(({ retires }) => (retires === undefined ? [] : [retires.to])),
  ]);
  return models.filter(
    (model) => model.provider === provider && model.kind === 'chat' && (model.current || heirs.has(model.id)),
  );
}

/** An answer, and what the provider was sent for it. */
export interface Outcome {
  readonly status: number;
  readonly dropped: string;
  readonly text: string;
  readonly calls: number;
  readonly refusals: number;
  readonly sent: string;
  /** It was put to the provider in another of its formats. */
  readonly translated: boolean;
}

/** Asks for a model by a name with a setting. @param provider whose model it is */
export async function askFitting(
  scene: Scene,
  key: string,
  wire: Wire,
  model: string,
  more: object,
  provider = wire.provider,
): Promise<Outcome> {
  scene.simulators.reset();
  const answer = await scene.post(wire.path(model), key, { ...wire.body(model), ...more });
  const text = await answer.text();
  const { calls } = scene.simulators[provider];
  return {
    status: answer.status,
    dropped: answer.headers.get('x-ovth-dropped') ?? '',
    text,
    calls: calls.length,
    refusals: calls.filter(({ status }) => status !== 200).length,
    sent: calls[0]?.body.toString() ?? '',
    translated: wire.format === 'chat' && calls[0]?.path.endsWith('/responses') === true,
  };
}

/** Names that are gone or will be, one for each successor. */
export function formerNames(provider: Model['provider']): [name: string, heir: string][] {
  const gone = [...Object.entries(retired), ...Object.entries(misspelt)].map(([heir, [name = '']]) => [name, heir]);
  const going = models.flatMap(({ id, retires }) => (retires === undefined ? [] : [[id, retires.to]]));
  const heirs = new Set(choosable(provider).map(({ id }) => id));
  return [...new Map([...gone, ...going].map((pair) => [pair.join(), pair as [string, string]])).values()].filter(
    ([, heir]) => heirs.has(heir),
  );
}

/** What is wrong with the outcomes of all settings for a model's name; empty where all is well. */
export async function wrongSettings(scene: Scene, key: string, wire: Wire, name: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const setting of wire.settings) {
    const what = wrongWith(setting, await askFitting(scene, key, wire, name, setting.fields));
    if (what !== undefined) wrong.push(`${setting.name}: ${what}`);
  }
  return wrong;
}

/** What is wrong with the outcomes of all settings for another provider's model, to which they are translated. */
export async function wrongElsewhere(
  scene: Scene,
  key: string,
  wire: Wire,
  { id, provider }: Model,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const { name, fields, field, kind } of wire.settings) {
    const { status, calls, refusals, text } = await askFitting(scene, key, wire, `to-${id}`, fields, provider);
    const isRefusedByName = kind === 'demand' && status === 400 && calls === 0 && text.includes(field);
    if (refusals > 0 || (status !== 200 && !isRefusedByName))
      wrong.push(`${id} ${name}: ${status} ${text.slice(0, 200)}`);
  }
  return wrong;
}

// ---

/** What is wrong with an outcome; nothing where all is well. */
function wrongWith({ kind, field, fields, idle }: Setting, outcome: Outcome): string | undefined {
  const { status, dropped, text, calls, refusals, sent, translated } = outcome;
  if (refusals > 0) return `refused by the provider: ${text.slice(0, 200)}`;
  if (kind === 'demand' && status === 400) {
    if (calls > 0) return 'refused after it was sent';
    return text.includes(field) ? undefined : `refused without a name: ${text}`;
  }
  if (status !== 200) return `${status}: ${text.slice(0, 200)}`;
  const asIs = sent.includes(JSON.stringify(fields).slice(1, -1));
  if (dropped === '') return asIs || idle || translated ? undefined : `changed without a name: ${sent}`;
  const named = dropped.split(', ');
  if (kind === 'demand' && named.includes(field)) return `dropped: ${dropped}`;
  const known = Object.keys(fields).map((name) => (field.startsWith(`${name}.`) ? field : name));
  if (!named.every((name) => known.includes(name))) return `names what was not asked for: ${dropped}`;
  return asIs ? `names ${dropped}, which was sent as it was` : undefined;
}
