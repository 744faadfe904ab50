// Gemini's thinking: how it is asked for, and the signatures that must come back with the calls of a turn.
import { camel } from './geminiNames';
import { googleInvalid } from './geminiRefusals';
import { isAnyBase64 } from './image';
import { checkSeal } from './signature';
import { wordsForBudget, wordsForLevel } from './thinking';
import { isJson, shown, type Json } from './wire';

export interface GoogleThinking {
  /** of the thoughts; 0 if it does not think */
  words: number;
  /** told in short, as parts of the answer */
  shown: boolean;
}

/** How much this request wants to be thought about, or Google's refusal thrown. */
export function googleThinking(raw: unknown, model: string): GoogleThinking {
  const config = isJson(raw) ? camel(raw) : {};
  const { thinkingBudget: budget, thinkingLevel: level, includeThoughts } = config;
  const asked = Object.keys(config).length > 0;
  const third = isThird(model);
  if (asked && !/gemini-(?:2\.5|[3-9]|flash|pro)|thinking/.test(model))
    throw googleInvalid(`Thinking is not supported by this model: models/${model}.`);
  if (budget != null && level != null)
    throw googleInvalid('You can only set only one of thinking budget and thinking level.');
  if (level != null && !third) throw googleInvalid('Thinking level is not supported for this model.');
  refuseForModel(budget, level, model);
  const words = level != null ? levelWords(level) : budgetWords(budget, model, asked);
  return { words, shown: includeThoughts === true && words > 0 };
}

/** Google's third generation names its calls, signs them, and wants to see that. */
export function isThird(model: string): boolean {
  return /^gemini-[3-9]/.test(model);
}

/** A signature that nobody here has made. Before the third generation nobody looks. */
export function refuseForeignSignature(signature: unknown, at: string, model: string): void {
  if (signature === undefined) return;
  if (typeof signature !== 'string' || !isAnyBase64(signature)) {
    const quoted = JSON.stringify(shown(signature).slice(0, 40));
    throw googleInvalid(
      `Invalid value at '${at}.thought_signature' (TYPE_BYTES), Base64 decoding failed for ${quoted}`,
    );
  }
  if (!isThird(model) || BYPASSES.includes(signature)) return;
  if (checkSeal('google', signature) !== 'intact') throw googleInvalid('Corrupted thought signature.');
}

/** In the current turn, the one that a person's last words began, the first call of every step is signed. */
export function refuseUnsignedCalls(contents: readonly unknown[], model: string): void {
  if (!isThird(model)) return;
  const start = contents.findLastIndex(
    (content) => isJson(content) && content.role !== 'model' && !callsOf(content, 'functionResponse').length,
  );
  for (const [n, content] of contents.entries()) {
    if (n <= start || !isJson(content) || content.role !== 'model') continue;
    const [first] = callsOf(content, 'functionCall');
    if (!first || first.thoughtSignature !== undefined) continue;
    const name = isJson(first.functionCall) ? shown(first.functionCall.name) : '';
    throw googleInvalid(
      'Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, ' +
        'and missing thought_signature may lead to degraded model performance. Additional data, function call ' +
        `\`default_api:${name}\` , position ${n + 1}. Please refer to ` +
        'https://ai.google.dev/gemini-api/docs/thought-signatures for more details.',
    );
  }
}

// ---

// ai.google.dev/gemini-api/docs/thinking, its table of models (2026-09), and docs/latest-model (2026-11).
function refuseForModel(budget: unknown, level: unknown, model: string): void {
  if (budget != null && /^gemini-[4-9]/.test(model))
    throw googleInvalid('Thinking budget is not supported for this model.');
  const noMinimal = /^gemini-(?:3\.[789]|[4-9]|3(?:\.\d)?-pro)/.test(model);
  if (noMinimal && /^minimal$/i.test(shown(level ?? '')))
    throw googleInvalid('Thinking level MINIMAL is not supported for this model.');
  if (budget === 0 && isThird(model))
    throw googleInvalid('Budget 0 is invalid. This model only works in thinking mode.');
}

/** What the documentation gives to those who bring calls from elsewhere. */
const BYPASSES = ['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go'];

function levelWords(level: unknown): number {
  const words = wordsForLevel(shown(level).toLowerCase());
  if (words !== undefined && /^(?:minimal|low|medium|high)$/i.test(shown(level))) return words;
  const proto = 'type.googleapis.com/google.ai.generativelanguage.v1beta.ThinkingConfig.ThinkingLevel';
  throw googleInvalid(
    `Invalid value at 'generation_config.thinking_config.thinking_level' (${proto}), "${shown(level)}"`,
  );
}

/** -1 is as much as it likes. Without a word Pro and the third generation think, and the others here do not. */
function budgetWords(budget: unknown, model: string, asked: boolean): number {
  const always = isThird(model) || model.includes('2.5-pro');
  if (budget == null) return asked || always ? (wordsForLevel('low') ?? 0) : 0;
  if (typeof budget !== 'number' || !Number.isInteger(budget))
    throw googleInvalid(
      `Invalid value at 'generation_config.thinking_config.thinking_budget' (TYPE_INT32), ${JSON.stringify(budget)}`,
    );
  if (budget === 0 && model.includes('2.5-pro'))
    throw googleInvalid('Budget 0 is invalid. This model only works in thinking mode.');
  const [least, most] = model.includes('2.5-pro') ? [128, 32_768] : [0, 24_576];
  if (budget !== -1 && (budget < least || budget > most))
    throw googleInvalid(
      `The thinking budget ${budget} is invalid. Please choose a value between ${least} and ${most}.`,
    );
  return budget === 0 ? 0 : wordsForBudget(budget === -1 ? 2_048 : budget);
}

function callsOf(content: Json, name: 'functionCall' | 'functionResponse'): Json[] {
  const parts: unknown[] = Array.isArray(content.parts) ? content.parts : [];
  return parts.flatMap((part) => (isJson(part) && camel(part)[name] !== undefined ? [camel(part)] : []));
}
