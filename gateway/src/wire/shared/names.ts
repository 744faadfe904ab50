// Tool names and call ids that a wire would refuse, mapped to ones it takes: always the same way, so that a later turn
// finds them again without anything being remembered.

import { createHash } from 'node:crypto';
import type { Format, NeutralRequest } from '../neutral';

interface NameRule {
  readonly fits: RegExp;
  readonly refused: RegExp;
  readonly longest: number;
}

// Sources: OpenAI "FunctionObject.name", Anthropic "Tool.name", Gemini "FunctionDeclaration.name".
const nameRules: Readonly<Record<Format, NameRule>> = {
  chat: { fits: /^[a-zA-Z0-9_-]{1,64}$/, refused: /[^a-zA-Z0-9_-]/g, longest: 64 },
  responses: { fits: /^[a-zA-Z0-9_-]{1,64}$/, refused: /[^a-zA-Z0-9_-]/g, longest: 64 },
  messages: { fits: /^[a-zA-Z0-9_-]{1,128}$/, refused: /[^a-zA-Z0-9_-]/g, longest: 128 },
  generate: { fits: /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/, refused: /[^a-zA-Z0-9_.:-]/g, longest: 64 },
};

/** A tool's name as a format takes it: itself where it fits. */
export function nameFor(format: Format, name: string): string {
  const rule = nameRules[format];
  if (rule.fits.test(name)) return name;
  const tail = `_${shortHash(name)}`;
  const clean = name.replace(rule.refused, '_').replace(/^[^a-zA-Z_]/, '_$&');
  return clean.slice(0, rule.longest - tail.length) + tail;
}

// OpenAI bounds call ids at 40 characters (64 in Responses), Anthropic their alphabet; Gemini takes any.
const idRule = { fits: /^[a-zA-Z0-9_-]{1,40}$/, refused: /[^a-zA-Z0-9_-]/g, longest: 40 };

/** A tool call's id as any format takes it: itself where it fits. */
export function idFor(id: string): string {
  if (idRule.fits.test(id)) return id;
  const tail = `_${shortHash(id)}`;
  return id.replace(idRule.refused, '_').slice(0, idRule.longest - tail.length) + tail;
}

/** All tool names of a request that a format takes under another name, by that name. */
export function renamed(format: Format, request: NeutralRequest): Map<string, string> {
  const names = new Map<string, string>();
  const add = (name: string) => {
    const given = nameFor(format, name);
    if (given !== name) names.set(given, name);
  };
  for (const tool of request.tools ?? []) if (tool.type !== 'raw') add(tool.name);
  for (const message of request.messages)
    for (const part of message.parts) if (part.type === 'toolCall') add(part.name);
  return names;
}

// ---

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
