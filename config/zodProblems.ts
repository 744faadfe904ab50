// Zod's issues as problems: each with its path, what was found and the remedy.

import * as z from 'zod';
import { type Problem, suggest } from './problems';

/**
 * Zod's issues in our words, with what was found and the nearest right name.
 * @param input what was parsed
 * @param schema what it was parsed with; its names are suggested for unknown ones
 */
export function fromZod(error: z.ZodError, input: unknown, schema: z.ZodType): Problem[] {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node;
  return error.issues.flatMap((issue) => describe(issue, input, (path) => namesAt(root, path)));
}

// ---

/** `['routes', 'auto', 'providers', 0]` → `routes.auto.providers[0]`. */
function formatPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text;
}

function describe(
  issue: z.core.$ZodIssue,
  input: unknown,
  namesAt: (path: readonly PropertyKey[]) => readonly string[],
): Problem[] {
  const path = formatPath(issue.path);
  const value = valueAt(input, issue.path);
  const found = issue.path[0] === 'provider_keys' && value !== undefined ? 'a value (not shown)' : show(value);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const allowed = namesAt(issue.path);
      return issue.keys.map((key) => ({
        path: formatPath([...issue.path, key]),
        message: `is not a setting.${suggest(key, allowed)} Allowed here: ${allowed.join(', ')}.`,
      }));
    }
    case 'invalid_type':
      return [
        {
          path,
          message:
            found === undefined
              ? `is missing; it must be ${article(issue.expected)}.`
              : `must be ${article(issue.expected)}, found ${found}.`,
        },
      ];
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      return [
        {
          path,
          message: `must be one of ${allowed.join(', ')}; found ${found ?? 'nothing'}.${suggest(String(valueAt(input, issue.path)), allowed)}`,
        },
      ];
    }
    case 'too_small':
      return [{ path, message: `must ${bound('least', issue.minimum, issue.origin)}; found ${found ?? 'nothing'}.` }];
    case 'too_big':
      return [{ path, message: `must ${bound('most', issue.maximum, issue.origin)}; found ${found ?? 'nothing'}.` }];
    case 'invalid_key':
      return [{ path, message: `is not a valid name: ${issue.issues.map((inner) => inner.message).join('; ')}.` }];
    case 'custom':
      return [{ path, message: `${issue.message}.` }];
    case 'invalid_format':
    case 'invalid_union':
    case 'not_multiple_of':
    case 'invalid_element':
      return [
        {
          path,
          message: `${issue.message.startsWith('must') ? issue.message : `is not valid (${issue.message})`}; found ${found ?? 'nothing'}.`,
        },
      ];
  }
}

/** What is read of a JSON schema. */
interface Node {
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node;
}

/** The names a mapping of a schema allows, read off its JSON schema so that there is one source. */
function namesAt(root: Node, path: readonly PropertyKey[]): string[] {
  let node: Node | undefined = root;
  for (const step of path) {
    if (typeof step === 'number') node = node?.items;
    else
      node =
        node?.properties?.[String(step)] ??
        (typeof node?.additionalProperties === 'object' ? node.additionalProperties : undefined);
  }
  return Object.keys(node?.properties ?? {});
}

function bound(side: 'least' | 'most', limit: number | bigint, origin: string): string {
  if (origin === 'array') return `list at ${side} ${limit}`;
  if (origin === 'string') return `have at ${side} ${limit} characters`;
  return `be at ${side} ${limit}`;
}

const articles: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function article(type: string): string {
  return articles[type] ?? type;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

// Long or secret-looking values are not repeated: a mistyped key must not end up in a log.
function show(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  if (/^"(sk-|AIza|ovth_)/.test(text)) return 'what looks like a secret (not shown)';
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}
