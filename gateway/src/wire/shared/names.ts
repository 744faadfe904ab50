// Tool names and call ids that a format refuses, mapped to ones that it takes. The mapping is a function of the name, so that
// later turns find the same one and nothing is stored.

import { createHash } from 'node:crypto';
import { type Format, isClientTool, type NeutralRequest } from '../neutral';

interface NameRule {
  readonly fits: RegExp;
  readonly refused: RegExp;
  readonly longest: number;
}

// Sources: https://platform.openai.com/docs/api-reference/chat/create, "tools";
// https://platform.claude.com/docs/en/api/messages, "tools"; https://ai.google.dev/gemini-api/docs/function-calling,
// "FunctionDeclaration" (2026-11).
const nameRules: Readonly<Record<Format, NameRule>> = {
  chat: { fits: /^[a-zA-Z0-9_-]{1,64}$/, refused: /[^a-zA-Z0-9_-]/g, longest: 64 },
  responses: { fits: /^[a-zA-Z0-9_-]{1,64}$/, refused: /[^a-zA-Z0-9_-]/g, longest: 64 },
  messages: { fits: /^[a-zA-Z0-9_-]{1,128}$/, refused: /[^a-zA-Z0-9_-]/g, longest: 128 },
  generate: { fits: /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/, refused: /[^a-zA-Z0-9_.:-]/g, longest: 64 },
};

/** A tool's name as a format takes it: the same where it fits. */
export function nameFor(format: Format, name: string): string {
  const rule = nameRules[format];
  if (rule.fits.test(name)) return name;
  const suffix = `_${shortHash(name)}`;
  const clean = name.replace(rule.refused, '_').replace(/^[^a-zA-Z_]/, '_$&');
  return clean.slice(0, rule.longest - suffix.length) + suffix;
}

// OpenAI takes call ids of at most 40 characters (64 in Responses), Anthropic only these characters, Gemini any.
const idRule = { fits: /^[a-zA-Z0-9_-]{1,40}$/, refused: /[^a-zA-Z0-9_-]/g, longest: 40 };

/** A tool call's id as every format takes it: the same where it fits. */
export function idFor(id: string): string {
  if (idRule.fits.test(id)) return id;
  const suffix = `_${shortHash(id)}`;
  return id.replace(idRule.refused, '_').slice(0, idRule.longest - suffix.length) + suffix;
}

/** The request's tool names that a format takes under another name: that name → the request's. */
export function renamed(format: Format, request: NeutralRequest): Map<string, string> {
  const names = new Map<string, string>();
  const add = (name: string) => {
    const sent = nameFor(format, name);
    if (sent !== name) names.set(sent, name);
  };
  for (const tool of request.tools ?? []) if (isClientTool(tool)) add(tool.name);
  for (const message of request.messages)
    for (const part of message.parts) if (part.type === 'toolCall') add(part.name);
  return names;
}

// ---

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
