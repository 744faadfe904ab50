// Paths as they are meant. Clients append their own paths to whatever base URL they are given: without its version, with it
// twice, or with the whole path of an endpoint. Where what is meant is plain the request is served, else the 404 names the
// base URL that the client needs.

import type { Dialect } from '../core/errorBody';
import { endpoints } from './endpoints';
import { unservedPaths } from './unserved';

/** The path as meant: no host before it, no doubled slashes, versions or endpoints, no trailing slash. What follows `?` stays. */
export function tidyUrl(target: string): string {
  const url = target.startsWith('/') ? target : target.replace(hostBefore, '/');
  const query = url.indexOf('?');
  let path = query < 0 ? url : url.slice(0, query);
  if (knownPaths.has(path)) return url;
  if (path.includes('//')) path = path.replace(/\/{2,}/g, '/');
  if (path.includes('/v1/v1/')) path = path.replace(/(?:\/v1){2,}(?=\/)/g, '/v1'); // once: a path of ten thousand is short
  if (path.length > 1 && path.endsWith('/')) path = path.slice(0, -1);
  path = meantPath(path);
  return query < 0 ? path : path + url.slice(query);
}

/** The dialect of a path that is no endpoint: what its caller most likely understands. */
export function dialectOf(path: string): Dialect {
  if (path.startsWith('/anthropic/') || path.includes('/messages')) return 'anthropic';
  if (path.startsWith('/v1beta/') || geminiAction.test(path)) return 'gemini';
  if (path.startsWith('/api/')) return 'openrouter';
  if (path.startsWith('/admin')) return 'admin';
  if (path.endsWith('/responses')) return 'responses';
  return 'openai';
}

/** The base URL that the client of a path that is no endpoint needs, as a sentence. */
export function baseUrlHint(path: string): string {
  if (/\/messages(\/|$)/.test(path)) return `Clients of Anthropic's API need the base URL ${bases.anthropic}.`;
  if (geminiAction.test(path)) return `Clients of Gemini's API need the base URL ${bases.gemini}.`;
  if (/\/(chat\/completions|completions|responses|embeddings)(\/|$)/.test(path))
    return `Clients of OpenAI's API need the base URL ${bases.openai}.`;
  return `Base URLs are ${bases.openai} for clients of OpenAI's API, ${bases.anthropic} for Anthropic's, ${bases.gemini} for Gemini's and https://HOST/api/v1 for OpenRouter's.`;
}

// ---

/** A request to a proxy names the host too, and every server must take it: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2. */
const hostBefore = /^https?:\/\/[^/?]*\/?/i;

const bases = {
  openai: 'https://HOST/v1',
  anthropic: 'https://HOST/anthropic',
  gemini: 'https://HOST (without a path)',
} as const;

const geminiAction = /:[a-z]+Content$|:countTokens$/;

/** A longer path is not searched for the one that was meant. */
const longestPath = 500;

const knownPaths: ReadonlySet<string> = new Set([...endpoints, ...unservedPaths].map(({ path }) => path));

/** What the APIs stand under, before their version; the last one under nothing. */
const prefixes = ['/anthropic', '/api', ''] as const;

/** Prefix → the first steps of the paths under its `/v1`. */
const heads: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  prefixes.map((prefix) => {
    const base = `${prefix}/v1/`;
    const under = [...knownPaths].filter((path) => path.startsWith(base));
    return [prefix, new Set(under.map((path) => path.slice(base.length).split('/', 1)[0] ?? ''))];
  }),
);

// An endpoint that another follows: its whole path was given as the base URL. `/cursor` ends the one that OpenRouter has for
// Cursor: https://openrouter.ai/docs/cookbook/coding-agents/cursor (2026-11).
const endpointBefore =
  /^\/(?:chat\/completions|fim\/completions|completions|responses|messages|embeddings|cursor)(?=(?:\/v1)?\/(?:chat|fim|completions|responses|messages|embeddings|models)(?:\/|$))/;

function meantPath(path: string): string {
  if (path.length > longestPath || path.startsWith('/admin') || knownPaths.has(path)) return path;
  const prefix = prefixes.find((each) => path.startsWith(`${each}/`)) ?? '';
  let rest = path.slice(prefix.length);
  let version = '';
  for (;;) {
    const step = versionBefore.exec(rest)?.[0] ?? endpointBefore.exec(rest)?.[0];
    if (step === undefined) break;
    if (versionBefore.test(step)) version = step;
    rest = rest.slice(step.length);
  }
  const head = rest.split('/', 2)[1] ?? '';
  if (/beta|alpha/.test(version)) return `/v1beta${rest}`; // Gemini's, whatever else stands before it
  return heads.get(prefix)?.has(head) === true ? `${prefix}/v1${rest}` : path;
}

const versionBefore = /^\/v1(?:beta|alpha)?(?=\/|$)/;
