// Which tools a simulated model calls, and with what: those that the prompt mentions, or those it must.
import type { Conversation, Tool, ToolCall } from './answer';
import { example, stringFrom } from './example';
import { isJson } from './wire';

/** The calls of an answer: none where words will do. `count` asks for so many, whatever the prompt says. */
export function toolCalls(conversation: Conversation, prompt: string, count: number | undefined): ToolCall[] {
  const { tools, toolChoice, turns, parallel } = conversation;
  if (tools.length === 0 || toolChoice.type === 'none') return [];
  const allowed = tools.filter((tool) => toolChoice.names?.includes(tool.name) ?? true);
  const demanded = toolChoice.type === 'any';
  if (!demanded && turns.at(-1)?.role === 'tool') return [];
  const mentioned = allowed.filter((tool) => mentions(prompt, tool.name));
  const asked = demanded || /\b(?:call|use|invoke|run)\b[^.?!]*\b(?:tool|function)s?\b|\bcall\b/i.test(prompt);
  const chosen =
    count !== undefined
      ? repeated(allowed, count)
      : mentioned.length > 0
        ? mentioned
        : asked
          ? allowed.slice(0, 1)
          : [];
  return (parallel ? chosen : chosen.slice(0, 1)).map((tool) => callOf(tool, prompt));
}

/** A call's arguments as they are sent: JSON, or the free text of a custom tool. */
export function argumentsOf(call: ToolCall): string {
  return call.text ?? JSON.stringify(call.args);
}

// ---

/** As many calls as were asked for, going round the tools there are. */
function repeated(tools: readonly Tool[], count: number): Tool[] {
  if (tools.length === 0) return [];
  return Array.from({ length: count }, (_, n) => tools[n % tools.length]).filter((tool) => tool !== undefined);
}

/** `get_weather` is mentioned by "get_weather" and by "get weather", but not by "forget weather". */
function mentions(prompt: string, name: string): boolean {
  const pattern = name.replace(/[^\w-]/g, '\\$&').replace(/[_-]+/g, '[_ -]+');
  return new RegExp(`(?<!\\w)${pattern}(?!\\w)`, 'i').test(prompt);
}

function callOf(tool: Tool, prompt: string): ToolCall {
  if (tool.custom) return { name: tool.name, args: {}, text: stringFrom(prompt) };
  const value = example(tool.schema, prompt);
  return { name: tool.name, args: isJson(value) ? value : {} };
}
