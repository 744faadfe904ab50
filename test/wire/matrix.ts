// Measures which features each format carries of each other one. `npm run docs` writes the page, matrix.test.ts checks it.

import { isDeepStrictEqual } from 'node:util';
import { writeFileSync } from 'node:fs';
import { findModel } from '../../config/catalogue';
import { catalogueTarget, type Target } from '../../config/target';
import { GatewayError } from '../../gateway/src/core/errors';
import { codecs } from '../../gateway/src/wire';
import type { Format } from '../../gateway/src/wire/neutral';
import { type Feature, features, requestWith } from './features';
import { repairsSection } from './repairsPage';
import { modelTable } from './modelTable';

export const formats = ['chat', 'responses', 'messages', 'generate'] as const;

const titles: Readonly<Record<Format, string>> = {
  chat: 'OpenAI chat',
  responses: 'OpenAI Responses',
  messages: 'Anthropic messages',
  generate: 'Gemini',
};

const inObject = 'the one field of an object, which is taken out of the answer again';
const oneObject = 'one object that knows what any of them knows; which of them there are is said in its description';

const searchWords = 'as words that name the query and the pages';

/** What stands under the heading of a group. */
const notes: Readonly<Record<string, string>> = {
  'Web search': `
The search that a provider runs itself. What it found comes back as the client's own blocks, whole and streamed: Anthropic's
\`server_tool_use\`, \`web_search_tool_result\` and citations, OpenAI's \`web_search_call\` and \`url_citation\`, Gemini's
\`groundingMetadata\`; chat completions have the citations alone. What Anthropic encrypts of a page, others have not: the field
holds an empty envelope of the gateway's, and such a block goes back to Anthropic as words. Google tells its searches at the
end of a stream; beside functions, which its models from Gemini 3 on take together with the search, what it asked comes before
the call, and what Google wants back of it goes through the client's history as reasoning. Each search that the provider charges for is booked. A route asks a target that searches where it has one; a
host does where its configuration says \`capabilities: [web_search]\`. OpenAI searches in Responses alone, but for its search
models: a client of chat completions whose model a route chose is answered from there, unless it asks for several answers or
for stop sequences; then \`web_search_options\` is dropped.`,
};

/** What the target's format has in place of a feature, by feature and target. */
const approximations: Readonly<Record<string, Partial<Record<Format, string>>>> = {
  'system message in mid-conversation': {
    messages: "the user's words, marked as the system's (as such on models that know it)",
    generate: "the user's words, marked as the system's",
  },
  'text document': { chat: 'as text with its name', responses: 'as text with its name' },
  'document name': { generate: 'left out: Gemini names no inline document' },
  'refusal in the history': { responses: 'as text', messages: 'as text', generate: 'as text' },
  'result that is an error': { chat: '“Error:” before the text', responses: '“Error:” before the text' },
  'result with an image': { chat: "as the user's words after the result" },
  'strict tool': { generate: 'mode VALIDATED, where no other is asked for' },
  'alternatives at the root of its schema': {
    chat: oneObject,
    responses: oneObject,
    messages: oneObject,
    generate: oneObject,
  },
  'custom tool (grammar)': {
    messages: 'a function with one text, grammar in its description',
    generate: 'a function with one text, grammar in its description',
  },
  'tools in a group (namespace)': {
    chat: 'both names in one, `mcp__sky__weather`; what is said of the group is left out',
    messages: 'both names in one, `mcp__sky__weather`; what is said of the group is left out',
    generate: 'both names in one, `mcp__sky__weather`; what is said of the group is left out',
  },
  'cache key': { messages: 'left out: no answer is another for it', generate: 'left out: no answer is another for it' },
  'schema of a list': { chat: inObject, responses: inObject, messages: inObject },
  'any JSON': { messages: 'a tool it must call, whose arguments are the answer' },
  'token budget': {
    chat: 'the nearest effort',
    responses: 'the nearest effort',
    messages: 'the nearest effort on adaptive models, the budget on older ones',
    generate: 'the nearest level on Gemini 3, the budget before',
  },
  'search in the history': {
    chat: searchWords,
    responses: searchWords,
    messages: searchWords,
    generate: searchWords,
  },
  'as the model sees fit': { generate: 'what Gemini does unasked' },
  'temperature above 1': { messages: '1, the end of its scale' },
  'no maximum': { messages: "the model's own limit" },
};

export interface Cell {
  readonly outcome: 'same wire' | 'carried' | 'approximated' | 'dropped' | 'refused' | 'lost in silence';
  readonly how?: string;
}

/** What becomes of a feature between two formats; undefined where the client's format does not have it. */
export function cellOf(feature: Feature, from: Format, to: Format): Cell | undefined {
  const body = requestWith(feature, from);
  if (body === undefined) return undefined;
  if (from === to) return { outcome: 'same wire' };
  const request = codecs[from].decodeRequest(body);
  try {
    const { body: encoded, dropped } = codecs[to].encodeRequest(
      request,
      (feature.classic === true ? classic : newest)[to],
    );
    const before = plain(feature.find(request));
    const after = plain(feature.find(codecs[to].decodeRequest(plain(encoded) as Record<string, unknown>)));
    if (isDeepStrictEqual(before, after)) return { outcome: 'carried' };
    if (dropped.length > 0) return { outcome: 'dropped', how: dropped.map((name) => `\`${name}\``).join(', ') };
    const how = approximations[feature.name]?.[to];
    return how === undefined
      ? { outcome: 'lost in silence', how: `${JSON.stringify(before)} → ${JSON.stringify(after)}` }
      : { outcome: 'approximated', how };
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'cannot_translate')
      return { outcome: 'refused', how: `\`${error.field ?? ''}\`` };
    throw error;
  }
}

/** The matrix as a Markdown page. */
export function page(): string {
  const groups = [...new Set(features.map(({ group }) => group))];
  return [
    '# What crosses between formats',
    '',
    'Generated by `npm run docs`, and held to be true by `npm test`: every cell is measured by writing the feature in the',
    "client's format, translating it, and reading it back with the target's own reader.",
    '',
    '- **✓** carried: the target is asked for the same. On its own wire a request passes byte for byte, but for what',
    '  [a model that the gateway chose](#what-each-model-takes) would refuse.',
    '- **≈** approximated: the nearest the target has, as told.',
    '- **✗** dropped, and named in the answer’s `x-ovth-dropped` header; a route with `strict: true` refuses the request instead.',
    '- **400** refused by name: without it the question would be another one.',
    '- blank: the client’s format has no words for it.',
    '',
    'Rows are the client’s format, columns the provider’s. Sampling is measured on models that take it; the newest of OpenAI',
    'and Anthropic take none, and it is dropped by name there.',
    ...groups.flatMap((group) => [
      '',
      `## ${group}`,
      ...(notes[group] === undefined ? [] : [notes[group]]),
      ...features.filter((feature) => feature.group === group).flatMap(table),
    ]),
    ...modelTable(),
    '',
    ...repairsSection(formats, titles, newest),
    '',
  ].join('\n');
}

// ---

const newest: Readonly<Record<Format, Target>> = targetsOf('gpt-5.5', 'claude-opus-4-8', 'gemini-3.5-flash');
const classic: Readonly<Record<Format, Target>> = targetsOf('gpt-4.1', 'claude-haiku-4-5', 'gemini-2.5-flash');

function targetsOf(openai: string, anthropic: string, google: string): Record<Format, Target> {
  const known = (name: string): Target => {
    const found = findModel(name);
    if (found === undefined) throw new Error(`${name} is not in the catalogue`);
    return catalogueTarget(found.model, found.send);
  };
  return { chat: known(openai), responses: known(openai), messages: known(anthropic), generate: known(google) };
}

function table(feature: Feature): string[] {
  const rows = formats.filter((from) => feature.in[from] !== undefined);
  return [
    '',
    `### ${feature.name}`,
    '',
    `| | ${formats.map((format) => titles[format]).join(' | ')} |`,
    `|---|${formats.map(() => '---|').join('')}`,
    ...rows.map((from) => `| ${titles[from]} | ${formats.map((to) => words(cellOf(feature, from, to))).join(' | ')} |`),
  ];
}

function words(cell: Cell | undefined): string {
  const how = cell?.how === undefined ? '' : ` ${cell.how}`;
  switch (cell?.outcome) {
    case undefined:
      return '';
    case 'same wire':
    case 'carried':
      return '✓';
    case 'approximated':
      return `≈${how}`;
    case 'dropped':
      return `✗${how}`;
    case 'refused':
      return `400${how}`;
    case 'lost in silence':
      return `!!${how}`;
  }
}

const plain = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);

if (process.argv[2] !== undefined && process.argv[1]?.endsWith('matrix.js') === true)
  writeFileSync(process.argv[2], page());
