// What some models of a provider take and others of the same provider refuse: one row a family, of which the first whose
// pattern matches counts. Each names the page it was read from, and when.

import type { Effort } from '../neutral';

/** Where a row's facts were read. */
export interface Source {
  readonly url: string;
  /** ISO date, or month. */
  readonly read: string;
}

/** How a Claude model is told to reason, or not to: the values of `thinking.type` beside each other. */
export type Thinking = 'enabled' | 'adaptive' | 'disabled' | 'between_tools';

export interface ClaudeProfile extends Source {
  /** What it takes as `thinking.type`; empty where it takes no `thinking`. */
  readonly thinking: readonly Thinking[];
  /** It refuses to have its reasoning switched off at an effort above `high`. */
  readonly offUpToHigh: boolean;
  /** What it takes as `output_config.effort`, ascending; empty where it takes none. */
  readonly efforts: readonly Effort[];
  /** Takes temperature, top_p and top_k other than the defaults. */
  readonly sampling: boolean;
  /** Continues a last turn of the assistant's. */
  readonly prefill: boolean;
  /** Takes a tool choice that demands a call. */
  readonly forcedTool: boolean;
  /** Takes a JSON schema for its response. */
  readonly schema: boolean;
  /** Takes system messages in mid-conversation. */
  readonly systemTurns: boolean;
}

export interface OpenaiProfile extends Source {
  /** What it takes as reasoning effort, ascending; empty for a model that does not reason and takes none. */
  readonly efforts: readonly Effort[];
  /** The effort of a request that names none. */
  readonly defaultEffort: Effort;
}

export interface GeminiProfile extends Source {
  /** What it takes as `thinkingLevel`, ascending; empty before Gemini 3, which takes a budget. */
  readonly levels: readonly Effort[];
  /** What it takes as `thinkingBudget` beside -1 (the model decides); undefined where it takes none. */
  readonly budget: { readonly least: number; readonly most: number; readonly off: boolean } | undefined;
  /** Gives several candidates. */
  readonly candidates: boolean;
}

/** A family of models: what their names match, and what they take. */
export type ProfileRow<P> = readonly [pattern: RegExp, profile: P];

const claudePage = (page: string, read: string): Source => ({
  url: `https://platform.claude.com/docs/en/${page}`,
  read,
});
const openaiPage = (page: string, read: string): Source => ({
  url: `https://developers.openai.com/api/docs/${page}`,
  read,
});
const geminiPage = (page: string, read: string): Source => ({
  url: `https://ai.google.dev/gemini-api/docs/${page}`,
  read,
});

const upToMax: readonly Effort[] = ['low', 'medium', 'high', 'xhigh', 'max'];

// From 4.7 on: adaptive thinking only, no sampling settings, no prefill. Which thinking types each takes:
// https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting (2026-08), "Configurations each model
// rejects"; efforts: https://platform.claude.com/docs/en/build-with-claude/effort (2026-08).
const adaptive = {
  thinking: ['adaptive', 'disabled'] as readonly Thinking[],
  offUpToHigh: false,
  efforts: upToMax,
  sampling: false,
  prefill: false,
  forcedTool: true,
  schema: true,
  systemTurns: true,
};
const extended = {
  ...adaptive,
  thinking: ['enabled', 'disabled'] as readonly Thinking[],
  efforts: [] as readonly Effort[],
  sampling: true,
  prefill: true,
  systemTurns: false,
};
const alwaysOn: readonly Thinking[] = ['adaptive'];

/** For names that no row matches: a newer model. */
export const newestClaude: ClaudeProfile = {
  ...claudePage('models/fable-5-2/whats-new-fable-5-2', '2026-11'),
  ...adaptive,
  thinking: alwaysOn,
  forcedTool: false,
};

/** Claude models by their names, at Anthropic and at other hosts. */
export const claudeRows: readonly ProfileRow<ClaudeProfile>[] = [
  [/claude-(?:fable|mythos)-5[-.][1-9]\b/, newestClaude],
  [
    /claude-(?:fable|mythos)-5\b/,
    { ...claudePage('build-with-claude/thinking-troubleshooting', '2026-08-21'), ...adaptive, thinking: alwaysOn },
  ],
  [/claude-opus-5[-.][5-9]\b/, { ...newestClaude, ...claudePage('models/opus-5-5/migration-guide', '2026-11') }],
  [
    /claude-sonnet-5[-.][5-9]\b/,
    {
      ...claudePage('models/sonnet-5-5/migration-guide', '2026-11'),
      ...adaptive,
      thinking: ['adaptive', 'between_tools'],
      offUpToHigh: true,
      forcedTool: false,
    },
  ],
  [
    /claude-haiku-5[-.][5-9]\b/,
    { ...claudePage('models/haiku-5-5/migration-guide', '2026-11'), ...adaptive, offUpToHigh: true },
  ],
  [/claude-opus-5\b/, { ...claudePage('build-with-claude/effort', '2026-08-21'), ...adaptive, offUpToHigh: true }],
  [/claude-sonnet-5\b/, { ...claudePage('models/sonnet-5/migration-guide', '2026-11'), ...adaptive }],
  [/claude-[a-z]+-4[-.][89]\b/, { ...claudePage('build-with-claude/thinking', '2026-11'), ...adaptive }],
  [
    /claude-[a-z]+-4[-.]7\b/,
    { ...claudePage('build-with-claude/thinking', '2026-11'), ...adaptive, systemTurns: false },
  ],
  [
    /claude-[a-z]+-4[-.]6\b/,
    {
      ...claudePage('build-with-claude/thinking-troubleshooting', '2026-08-21'),
      ...adaptive,
      thinking: ['adaptive', 'enabled', 'disabled'],
      efforts: ['low', 'medium', 'high', 'max'],
      sampling: true,
      systemTurns: false,
    },
  ],
  // The only model of extended thinking that takes an effort.
  [
    /claude-opus-4[-.]5\b/,
    { ...claudePage('build-with-claude/effort', '2026-08-21'), ...extended, efforts: ['low', 'medium', 'high'] },
  ],
  [
    /claude-(?:[a-z]+-4|3[-.]7|[a-z]+-3[-.]7)\b/,
    { ...claudePage('build-with-claude/extended-thinking', '2026-08-21'), ...extended },
  ],
  [
    /claude-(?:[a-z]+-)?[123]\b|claude-instant/,
    { ...claudePage('build-with-claude/extended-thinking', '2026-08-21'), ...extended, thinking: [] },
  ],
  [/claude-/, newestClaude],
];

/** OpenAI's models that do not reason: gpt-4o, gpt-4.1, the chat variants. */
export const notReasoning: OpenaiProfile = {
  ...openaiPage('guides/reasoning', '2026-11'),
  efforts: [],
  defaultEffort: 'none',
};

// "reasoning.effort" of each model's own page; tools: the same pages and guides/deployment-checklist (2026-10). The
// settings that reasoning models refuse besides: https://github.com/BerriAI/litellm/pull/21576 (2026-02, tried against the
// API), https://developers.openai.com/api/docs/guides/latest-model/gpt-6-astra (2026-11). For gpt-6.1-sol and gpt-6.2 also
// https://runware.ai/docs/models/openai-gpt-6-2-sol and https://dev.to/aihubmix/choosing-a-reasoning-effort-for-gpt-61-sol-low-to-max-4326.
export const openaiRows: readonly ProfileRow<OpenaiProfile>[] = [
  [/^gpt-[5-9](?:\.\d+)?-chat/, notReasoning],
  [
    /^gpt-6(?:\.1)?-astra/,
    {
      ...openaiPage('guides/latest-model/gpt-6-astra', '2026-11'),
      efforts: upToMax,
      defaultEffort: 'medium',
    },
  ],
  [
    /^gpt-6\.[2-9]|^gpt-(?:[7-9]|\d\d)/,
    {
      ...openaiPage('models/gpt-6.2-sol', '2026-11'),
      efforts: upToMax,
      defaultEffort: 'medium',
    },
  ],
  [
    /^gpt-6\.1-terra/,
    {
      ...openaiPage('models/gpt-6.1-terra', '2026-11'),
      efforts: ['none', ...upToMax],
      defaultEffort: 'medium',
    },
  ],
  [
    /^gpt-6\.1/,
    {
      ...openaiPage('models/gpt-6.1-sol', '2026-11'),
      efforts: upToMax,
      defaultEffort: 'medium',
    },
  ],
  [
    /^gpt-6|^gpt-5\.[6-9]/,
    {
      ...openaiPage('models/gpt-6-sol', '2026-11'),
      efforts: ['none', ...upToMax],
      defaultEffort: 'medium',
    },
  ],
  [
    /^gpt-5\.\d+-pro/,
    {
      ...openaiPage('models/gpt-5.4-pro', '2026-11'),
      efforts: ['medium', 'high', 'xhigh'],
      defaultEffort: 'medium',
    },
  ],
  [
    /^gpt-5\.(?:1-codex-max|[2-9]-codex)/,
    {
      ...openaiPage('models/gpt-5.2-codex', '2026-11'),
      efforts: ['low', 'medium', 'high', 'xhigh'],
      defaultEffort: 'medium',
    },
  ],
  [
    /^gpt-5(?:\.1)?-codex/,
    {
      ...openaiPage('models/gpt-5.1-codex', '2026-11'),
      efforts: ['low', 'medium', 'high'],
      defaultEffort: 'medium',
    },
  ],
  [
    /^gpt-5\.5/,
    {
      ...openaiPage('models/gpt-5.5', '2026-11'),
      efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
      defaultEffort: 'medium',
    },
  ],
  [
    /^gpt-5\.[2-4]/,
    {
      ...openaiPage('models/gpt-5.4', '2026-11'),
      efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
      defaultEffort: 'none',
    },
  ],
  [
    /^gpt-5\.1/,
    {
      ...openaiPage('models/gpt-5.1', '2026-11'),
      efforts: ['none', 'low', 'medium', 'high'],
      defaultEffort: 'none',
    },
  ],
  [/^gpt-5-pro/, { ...openaiPage('models/gpt-5-pro', '2026-11'), efforts: ['high'], defaultEffort: 'high' }],
  [
    /^gpt-5/,
    {
      ...openaiPage('models/gpt-5', '2026-11'),
      efforts: ['minimal', 'low', 'medium', 'high'],
      defaultEffort: 'medium',
    },
  ],
  [
    /^o\d|^codex-mini/,
    {
      ...openaiPage('models/o3', '2026-11'),
      efforts: ['low', 'medium', 'high'],
      defaultEffort: 'medium',
    },
  ],
];

// Levels: https://ai.google.dev/gemini-api/docs/thinking (2026-09), its table of models. No model gives log probabilities
// or takes penalties ("Logprobs is not enabled for this model", "Penalty is not enabled for this model"; tried on every
// model sold, 2026-09), and none from Gemini 3 on gives several candidates
// (https://ai.google.dev/gemini-api/docs/whats-new-gemini-3.5, 2026-09).
const fromLow: readonly Effort[] = ['low', 'medium', 'high'];
const tolerated = { least: 1, most: 24_576, off: false }; // a budget instead of a level; switching off is neither

/** For names that no row matches: a newer model. */
export const newestGemini: GeminiProfile = {
  ...geminiPage('latest-model', '2026-11'),
  levels: fromLow,
  budget: undefined,
  candidates: false,
};

/** Gemini models by their names. */
export const geminiRows: readonly ProfileRow<GeminiProfile>[] = [
  [/gemini-[4-9]/, newestGemini],
  [
    /gemini-3\.[789]|gemini-3(?:\.\d)?-pro/,
    { ...geminiPage('thinking', '2026-09-04'), levels: fromLow, budget: tolerated, candidates: false },
  ],
  [
    /gemini-3/,
    { ...geminiPage('thinking', '2026-09-04'), levels: ['minimal', ...fromLow], budget: tolerated, candidates: false },
  ],
  [
    /gemini-2\.5-pro/,
    {
      ...geminiPage('thinking', '2026-09-04'),
      levels: [],
      budget: { least: 128, most: 32_768, off: false },
      candidates: true,
    },
  ],
  [
    /gemini-2\.5-flash-lite/,
    {
      ...geminiPage('thinking', '2026-09-04'),
      levels: [],
      budget: { least: 512, most: 24_576, off: true },
      candidates: true,
    },
  ],
  [
    /gemini-[12]/,
    {
      ...geminiPage('thinking', '2026-09-04'),
      levels: [],
      budget: { least: 1, most: 24_576, off: true },
      candidates: true,
    },
  ],
  [/gemini-/, newestGemini],
];
