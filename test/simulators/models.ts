// Which models the simulated providers have, what fits in them, and the dated name an answer gives back.
import type { Provider } from './wire';

export interface Model {
  id: string;
  /** tokens of input */
  context: number;
  /** the most that can be asked to come out */
  output: number;
}

/** The models that the lists show. Any other plausible name of a known family works as well. */
export const MODELS = {
  openai: [
    { id: 'gpt-5-nano', context: 400_000, output: 128_000 },
    { id: 'gpt-5-mini', context: 400_000, output: 128_000 },
    { id: 'gpt-5', context: 400_000, output: 128_000 },
    { id: 'gpt-5.2', context: 400_000, output: 128_000 },
    { id: 'gpt-5.4', context: 1_050_000, output: 128_000 },
    { id: 'gpt-4.1-nano', context: 1_047_576, output: 32_768 },
    { id: 'gpt-4.1-mini', context: 1_047_576, output: 32_768 },
    { id: 'gpt-4.1', context: 1_047_576, output: 32_768 },
    { id: 'gpt-4o-mini', context: 128_000, output: 16_384 },
    { id: 'gpt-4o', context: 128_000, output: 16_384 },
    { id: 'o3-mini', context: 200_000, output: 100_000 },
    { id: 'o3', context: 200_000, output: 100_000 },
    { id: 'o4-mini', context: 200_000, output: 100_000 },
    { id: 'gpt-3.5-turbo', context: 16_385, output: 4_096 },
    { id: 'text-embedding-3-small', context: 8_191, output: 0 },
    { id: 'text-embedding-3-large', context: 8_191, output: 0 },
    { id: 'text-embedding-ada-002', context: 8_191, output: 0 },
  ],
  anthropic: [
    { id: 'claude-opus-4-6', context: 1_000_000, output: 128_000 },
    { id: 'claude-sonnet-4-6', context: 1_000_000, output: 64_000 },
    { id: 'claude-opus-4-5-20251101', context: 200_000, output: 64_000 },
    { id: 'claude-haiku-4-5-20251001', context: 200_000, output: 64_000 },
    { id: 'claude-sonnet-4-5-20250929', context: 200_000, output: 64_000 },
    { id: 'claude-3-haiku-20240307', context: 200_000, output: 4_096 },
  ],
  google: [
    { id: 'gemini-3.5-flash', context: 1_048_576, output: 65_536 },
    { id: 'gemini-3-flash-preview', context: 1_048_576, output: 65_536 },
    { id: 'gemini-2.5-pro', context: 1_048_576, output: 65_536 },
    { id: 'gemini-2.5-flash', context: 1_048_576, output: 65_536 },
    { id: 'gemini-2.5-flash-lite', context: 1_048_576, output: 65_536 },
    { id: 'gemini-2.0-flash', context: 1_048_576, output: 8_192 },
    { id: 'gemini-embedding-001', context: 2_048, output: 0 },
    { id: 'gemma-4-31b-it', context: 262_144, output: 32_768 },
  ],
} as const satisfies Record<Provider, readonly Model[]>;

/** The model of that name, or nothing if this provider does not have it. */
export function findModel(provider: Provider, id: string): Model | undefined {
  if (!FAMILIES[provider].test(id) || /unknown|does-not-exist|wrong/.test(id)) return undefined;
  const listed: readonly Model[] = MODELS[provider];
  const exact = listed.find((model) => model.id === id);
  if (exact) return exact;
  // A dated or a shortened name has the limits of its sibling: gpt-4o-2024-08-06, claude-haiku-4-5.
  const sibling = listed.filter((model) => id.startsWith(model.id) || model.id.startsWith(id)).at(0);
  if (/embedding/.test(id) && !sibling) return undefined;
  return { context: LIMITS[provider].context, output: LIMITS[provider].output, ...sibling, id };
}

/** The name an answer carries: OpenAI and Anthropic resolve an alias to its dated snapshot. */
export function datedName(id: string): string {
  return DATED[id] ?? id;
}

// ---

const FAMILIES = {
  openai: /^(?:gpt-|chatgpt-|o[134](?:-|$)|text-embedding-|deepseek-)[\w.-]*$/,
  anthropic: /^claude-[\w.-]+$/,
  google: /^(?:gemini-|gemma-)[\w.-]+$/,
} as const satisfies Record<Provider, RegExp>;

const LIMITS = {
  openai: { context: 128_000, output: 16_384 },
  anthropic: { context: 1_000_000, output: 128_000 },
  google: { context: 1_048_576, output: 65_536 },
} as const satisfies Record<Provider, { context: number; output: number }>;

const DATED: Partial<Record<string, string>> = {
  'gpt-5': 'gpt-5-2025-08-07',
  'gpt-5-mini': 'gpt-5-mini-2025-08-07',
  'gpt-5-nano': 'gpt-5-nano-2025-08-07',
  'gpt-4.1': 'gpt-4.1-2025-04-14',
  'gpt-4.1-mini': 'gpt-4.1-mini-2025-04-14',
  'gpt-4.1-nano': 'gpt-4.1-nano-2025-04-14',
  'gpt-4o': 'gpt-4o-2024-08-06',
  'gpt-4o-mini': 'gpt-4o-mini-2024-07-18',
  'gpt-3.5-turbo': 'gpt-3.5-turbo-0125',
  o3: 'o3-2025-04-16',
  'o3-mini': 'o3-mini-2025-01-31',
  'o4-mini': 'o4-mini-2025-04-16',
  'claude-opus-4-5': 'claude-opus-4-5-20251101',
  'claude-haiku-4-5': 'claude-haiku-4-5-20251001',
  'claude-sonnet-4-5': 'claude-sonnet-4-5-20250929',
};
