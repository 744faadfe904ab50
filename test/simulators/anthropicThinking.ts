// Claude's thinking: how it is asked for, and which thoughts may come back.
import type { Turn } from './answer';
import { invalidRequest } from './anthropicRefusals';
import { checkSeal } from './signature';
import { wordsForBudget, wordsForLevel } from './thinking';
import { isJson, shown, type Json } from './wire';

export interface Thinking {
  type: 'enabled' | 'adaptive' | 'disabled';
  /** of the thoughts; 0 if it does not think */
  words: number;
  /** signed, and not shown */
  omitted: boolean;
}

/** How much this request wants to be thought about, or Anthropic's refusal thrown. `maxTokens` is unknown to a count. */
export function readThinking(request: Json, model: string, maxTokens: number | undefined): Thinking {
  const effort = readEffort(request.output_config, model);
  const off: Thinking = { type: 'disabled', words: 0, omitted: false };
  const thinking = request.thinking;
  if (thinking == null) return off;
  if (!isJson(thinking))
    throw invalidRequest('thinking: Input should be a valid dictionary or object to extract fields from');
  if (thinking.type === 'disabled' || thinking.type === 'between_tools') {
    refuseOff(thinking, effort, model);
    return off;
  }
  const omitted = (thinking.display ?? (isNewest(model) ? 'omitted' : 'summarized')) === 'omitted';
  if (thinking.type === 'adaptive') {
    if (!isAdaptive(model)) throw invalidRequest('adaptive thinking is not supported on this model');
    refuseSettings(request);
    return { type: 'adaptive', words: wordsForLevel(effort ?? 'high') ?? 0, omitted };
  }
  if (thinking.type !== 'enabled') {
    const tags = "does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'";
    throw invalidRequest(`thinking: Input tag '${shown(thinking.type)}' found using 'type' ${tags}`);
  }
  if (/^claude-3-(?!7)/.test(model)) throw invalidRequest(`'${model}' does not support thinking.`);
  if (isNewest(model)) {
    const instead = 'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.';
    throw invalidRequest(`"thinking.type.enabled" is not supported for this model. ${instead}`);
  }
  refuseSettings(request);
  refuseForcedTool(request);
  return { type: 'enabled', words: wordsForBudget(budget(thinking, maxTokens)), omitted };
}

/** Whether it thinks before this answer: after a tool's result only if it may think between the calls. */
export function thinksNow(thinking: Thinking, turns: readonly Turn[], interleaved: boolean): boolean {
  return thinking.type === 'adaptive' || interleaved || turns.at(-1)?.role === 'user';
}

/** A thought that comes back: signed here, and not a letter changed. `latest` is said of the last assistant message. */
export function refuseForeignThought(block: Json, at: string, latest: boolean): void {
  const redacted = block.type === 'redacted_thinking';
  const [name, value] = redacted ? ['data', block.data] : ['signature', block.signature];
  if (value === undefined) throw invalidRequest(`${at}.${shown(block.type)}.${name}: Field required`);
  if (!redacted && typeof block.thinking !== 'string') throw invalidRequest(`${at}.thinking.thinking: Field required`);
  const seal = checkSeal('anthropic', value, redacted ? undefined : shown(block.thinking));
  if (seal === 'intact') return;
  if (seal === 'altered' && latest) {
    throw invalidRequest(
      `${at}: \`thinking\` or \`redacted_thinking\` blocks in the latest assistant message cannot be modified. ` +
        'These blocks must remain as they were in the original response.',
    );
  }
  throw invalidRequest(`${at}: Invalid \`${name}\` in \`${shown(block.type)}\` block`);
}

/** In a loop of tool calls the turn begins with the thought that led to them, while thinking is enabled. */
export function refuseThoughtlessLoop(messages: readonly unknown[]): void {
  const first =
    messages.findLastIndex((message) => isJson(message) && message.role === 'user' && !isResults(message)) + 1;
  const message = messages[first];
  if (!isJson(message) || message.role !== 'assistant' || !Array.isArray(message.content)) return;
  const type = isJson(message.content[0]) ? message.content[0].type : undefined;
  if (type === 'thinking' || type === 'redacted_thinking') return;
  throw invalidRequest(
    `messages.${first}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${shown(type)}\`. ` +
      'When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost ' +
      'set of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid ' +
      `this requirement, disable \`thinking\`. Please consult our documentation at ${DOCUMENTATION}`,
  );
}

/** From Opus 4.7 on: adaptive only, thoughts not shown, no sampling settings. */
export function isNewest(model: string): boolean {
  return versionOf(model) >= 4.7;
}

/** From 4.6 on: adaptive thinking, efforts, and no words put into its mouth. */
export function isAdaptive(model: string): boolean {
  return versionOf(model) >= 4.6;
}

/** Opus and Sonnet from 5.5 on, Fable and Mythos from 5.1 on: no tool choice that demands a call. Haiku 5.5 takes one. */
export function refusesForcedTool(model: string): boolean {
  return /fable|mythos/.test(model) ? versionOf(model) >= 5.1 : versionOf(model) >= 5.5 && !model.includes('haiku');
}

/** From 4.8 on: the system may speak in mid-conversation. */
export function takesSystemTurns(model: string): boolean {
  return versionOf(model) >= 4.8;
}

// ---

const DOCUMENTATION = 'https://docs.claude.com/en/docs/build-with-claude/extended-thinking';

/** claude-opus-4-6 is 4.6, claude-sonnet-5 is 5, and the names of old, with the number first, are 3. */
function versionOf(model: string): number {
  const [, major, minor = 0] = /^claude-[a-z]+-(\d)(?:-(\d))?(?:-|$)/.exec(model) ?? [];
  return major === undefined ? 3 : Number(major) + Number(minor) / 10;
}

function readEffort(config: unknown, model: string): string | undefined {
  if (config == null) return undefined;
  if (!isJson(config))
    throw invalidRequest('output_config: Input should be a valid dictionary or object to extract fields from');
  const effort = config.effort;
  if (effort == null) return undefined;
  if (!/^(?:low|medium|high|xhigh|max)$/.test(shown(effort)))
    throw invalidRequest("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'");
  if (!isAdaptive(model) && !model.includes('opus-4-5'))
    throw invalidRequest('This model does not support the effort parameter.');
  // platform.claude.com/docs/en/build-with-claude/effort (2026-08).
  const least = effort === 'xhigh' ? 4.7 : effort === 'max' ? 4.6 : 0;
  if (versionOf(model) < least) throw invalidRequest(`effort ${shown(effort)} is not supported on this model`);
  return shown(effort);
}

function budget(thinking: Json, maxTokens: number | undefined): number {
  const tokens = thinking.budget_tokens;
  const at = 'thinking.enabled.budget_tokens';
  if (tokens === undefined) throw invalidRequest(`${at}: Field required`);
  if (typeof tokens !== 'number' || !Number.isInteger(tokens))
    throw invalidRequest(`${at}: Input should be a valid integer`);
  if (tokens < 1_024) throw invalidRequest(`${at}: Input should be greater than or equal to 1024`);
  if (maxTokens !== undefined && tokens >= maxTokens) {
    const where = `${DOCUMENTATION}#max-tokens-and-context-window-size`;
    throw invalidRequest(
      `\`max_tokens\` must be greater than \`thinking.budget_tokens\`. Please consult our documentation at ${where}`,
    );
  }
  return tokens;
}

function refuseSettings(request: Json): void {
  if (request.temperature != null && request.temperature !== 1) {
    const where = `${DOCUMENTATION}#important-considerations-when-using-extended-thinking`;
    throw invalidRequest(
      `\`temperature\` may only be set to 1 when thinking is enabled. Please consult our documentation at ${where}`,
    );
  }
  if (request.top_k != null) throw invalidRequest('`top_k` must be unset when thinking is enabled.');
  if (typeof request.top_p === 'number' && request.top_p < 0.95)
    throw invalidRequest('`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.');
}

// Adaptive thinking takes a forced tool: platform.claude.com/docs/en/build-with-claude/thinking, "Response prefill and
// forced tool use" (2026-10).
function refuseForcedTool(request: Json): void {
  const choice = isJson(request.tool_choice) ? request.tool_choice.type : undefined;
  if (choice === 'any' || choice === 'tool')
    throw invalidRequest('Thinking may not be enabled when tool_choice forces tool use.');
}

// Sources: platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting, "Configurations each model rejects"
// (2026-08), and the migration guides of Sonnet 5.5, Opus 5.5 and Haiku 5.5 (2026-11).
function refuseOff(thinking: Json, effort: string | undefined, model: string): void {
  const between = thinking.type === 'between_tools';
  const is55 = (family: string) => model.startsWith(`claude-${family}-`) && versionOf(model) >= 5.5;
  if (is55('sonnet') && !between) {
    const instead = 'send "thinking": {"type": "between_tools"} instead of {"type": "disabled"}';
    throw invalidRequest(`To turn thinking off on this model, ${instead}.`);
  }
  if ((between && !is55('sonnet')) || is55('opus') || /fable|mythos/.test(model))
    throw invalidRequest(`"thinking.type.${shown(thinking.type)}" is not supported for this model.`);
  if (between && Object.keys(thinking).length > 1)
    throw invalidRequest('thinking.between_tools: Extra inputs are not permitted');
  const limited = is55('sonnet') || is55('haiku') || /^claude-opus-5/.test(model);
  if (limited && (effort === 'xhigh' || effort === 'max'))
    throw invalidRequest(`thinking cannot be turned off at effort ${effort} on this model`);
}

/** A user message that is an answer of tools. */
function isResults(message: Json): boolean {
  return (
    Array.isArray(message.content) &&
    message.content.some((block: unknown) => isJson(block) && block.type === 'tool_result')
  );
}
