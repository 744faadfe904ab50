// The tools of a request for a response: functions and custom tools are called, OpenAI's own are taken and never used.
import type { Conversation } from './answer';
import { missing, toolName, wrongType, wrongValue } from './openaiChecks';
import { refuseBadParameters, type CountedTool } from './openaiParts';
import { badRequest } from './openaiRefusals';
import { isJson, shown } from './wire';

/** The tools; those that OpenAI runs itself have no name. */
export function readResponseTools(tools: unknown): CountedTool[] {
  if (tools == null) return [];
  if (!Array.isArray(tools)) throw wrongType('tools', 'an array of objects', tools);
  return tools.flatMap((tool: unknown, n) => readTool(tool, `tools[${n}]`));
}

/** What `tool_choice` asks for; a hosted tool that must be used is not. */
export function responseToolChoice(choice: unknown, tools: readonly CountedTool[]): Conversation['toolChoice'] {
  if (choice == null || choice === 'auto') return { type: 'auto' };
  if (choice === 'none') return { type: 'none' };
  if (choice === 'required') return { type: 'any' };
  if (!isJson(choice)) throw wrongValue('tool_choice', choice, ['none', 'auto', 'required']);
  if (choice.type === 'allowed_tools') {
    const listed: unknown[] = Array.isArray(choice.tools) ? choice.tools : [];
    const names = listed.flatMap((one) => (isJson(one) && typeof one.name === 'string' ? [one.name] : []));
    return { type: choice.mode === 'required' ? 'any' : 'auto', names };
  }
  if (choice.type !== 'function' && choice.type !== 'custom') return { type: 'auto' };
  // The spelling of chat is a common mistake: {"type": "function", "function": {"name": …}}.
  if (typeof choice.name !== 'string') throw missing('tool_choice.name');
  if (tools.some((tool) => tool.name === choice.name)) return { type: 'any', names: [choice.name] };
  throw badRequest(`Tool choice '${choice.name}' not found in 'tools' parameter.`, 'tool_choice');
}

/** Whether OpenAI's own search is at hand, or must be used. */
export function responseSearching(tools: unknown, choice: unknown): Conversation['searching'] {
  const types = Array.isArray(tools) ? tools.map((tool) => (isJson(tool) ? shown(tool.type) : '')) : [];
  if (!types.some((type) => type.startsWith('web_search')) || choice === 'none') return undefined;
  const must =
    (choice === 'required' && types.length === 1) || (isJson(choice) && shown(choice.type).startsWith('web_search'));
  return must ? 'must' : 'auto';
}

// ---

const HOSTED =
  /^(?:web_search(?:_preview)?(?:_\d+)*|file_search|computer_use_preview|computer|code_interpreter|image_generation|local_shell|shell|mcp|apply_patch|namespace|tool_search)$/;

function readTool(tool: unknown, at: string): CountedTool[] {
  if (!isJson(tool)) throw wrongType(at, 'an object', tool);
  const type = tool.type;
  const counted = JSON.stringify(tool);
  if (type === 'function') {
    const name = toolName(tool.name, `${at}.name`);
    refuseBadParameters(tool.parameters, name, tool.strict === true, `${at}.parameters`);
    return [{ name, schema: tool.parameters, counted }];
  }
  if (type === 'custom') return [{ name: toolName(tool.name, `${at}.name`), schema: undefined, custom: true, counted }];
  if (type === undefined) throw missing(`${at}.type`);
  if (HOSTED.test(shown(type))) return [{ name: '', schema: undefined, counted }];
  const known = [
    'function',
    'file_search',
    'web_search',
    'computer_use_preview',
    'code_interpreter',
    'image_generation',
    'mcp',
    'custom',
  ];
  throw wrongValue(`${at}.type`, type, known);
}
