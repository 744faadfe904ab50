// The client's own bytes for a target of its format: the model's name, and what else must be put in its place, as splices.

import type { Target } from '../../../config/target';
import { editsOf } from '../core/jsonEdit';
import { type Edit, field, type JsonScan, splice } from '../core/jsonScan';
import { formatFacts } from '../wire/formats';
import { isObject } from '../wire/shared/json';
import type { MendedField } from '../wire/shared/mending';
import { combinesSearch } from '../wire/shared/modelProfiles';
import type { Exchange } from './context';
import type { RequestFacts } from './inspect';

/** What is changed of a body. */
export interface BodyChanges {
  /** Usage is asked for in its stream. */
  readonly asksUsage: boolean;
  /** The maximum gets its newer name, which OpenAI's reasoning models demand and most clients of other hosts do not send. */
  readonly newerMaximum: boolean;
  readonly mended: readonly MendedField[];
}

/** The client's body with the target's model in it, and these changes. */
export function ownBody(
  { incoming, facts }: Exchange,
  target: Target,
  { asksUsage, newerMaximum, mended }: BodyChanges,
): Buffer {
  const { body } = incoming;
  const edits = [
    modelEdit(facts, target.model),
    newerMaximum ? maximumEdit(body, facts) : undefined,
    asksUsage ? usageEdit(body, facts.scan) : undefined,
    ...(mended.length === 0 ? [] : editsOf(body, facts.scan, mended)),
  ];
  return splice(
    body,
    edits.filter((edit) => edit !== undefined),
  );
}

/** Whether the body names its maximum by the older name alone. */
export function hasOlderMaximum({ format, scan }: RequestFacts): boolean {
  const renamed = formatFacts[format].request.renamedMaxOutput;
  return renamed !== undefined && scan.fields.has(renamed.older) && !scan.fields.has(renamed.newer);
}

/** What is changed of the client's own bytes for a model that was chosen for it. */
export function mendedFields({ incoming, facts }: Exchange, target: Target): readonly MendedField[] {
  const { mendable, mend } = formatFacts[facts.format].passthrough;
  const { body } = incoming;
  if (!mendable.some((name) => facts.scan.fields.has(name))) return [];
  return mend((name) => field(body, facts.scan, name), target);
}

/** The paths of the web search that a body asks of a target which has none, or none beside the body's functions. */
export function searchesLost({ incoming, facts }: Exchange, target: Target): readonly string[] {
  if (!facts.needs.capabilities.includes('web_search')) return [];
  const { webSearch } = formatFacts[facts.format].request;
  const value = field(incoming.body, facts.scan, webSearch.field);
  const isAlone = webSearch.besideFunctions?.(value) === true && !combinesSearch(target);
  return isAlone || !target.capabilities.has('web_search') ? webSearch.placesIn(value) : [];
}

/** The paths of what is lost by it. */
export function namesOf(mended: readonly MendedField[]): readonly string[] {
  return mended.length === 0 ? [] : [...new Set(mended.flatMap(({ at, named }) => (named ? [at.join('.')] : [])))];
}

// ---

function modelEdit(facts: RequestFacts, model: string): Edit | undefined {
  const span = facts.scan.fields.get('model');
  if (formatFacts[facts.format].namesModelInPath) return undefined;
  return span === undefined || facts.model === model ? undefined : { ...span, text: JSON.stringify(model) };
}

function maximumEdit(body: Buffer, { format, scan }: RequestFacts): Edit | undefined {
  const renamed = formatFacts[format].request.renamedMaxOutput;
  const span = renamed && scan.fields.get(renamed.older);
  if (renamed === undefined || span === undefined || scan.fields.has(renamed.newer)) return undefined;
  const name = JSON.stringify(renamed.older);
  const start = body.lastIndexOf(name, span.start);
  return { start, end: start + name.length, text: JSON.stringify(renamed.newer) };
}

// `stream_options.include_usage` set, and nothing else changed.
function usageEdit(body: Buffer, scan: JsonScan): Edit | undefined {
  const span = scan.fields.get('stream_options');
  if (span === undefined) {
    const at = scan.close;
    return { start: at, end: at, text: ',"stream_options":{"include_usage":true}' };
  }
  const options: unknown = JSON.parse(body.toString('utf8', span.start, span.end));
  if (!isObject(options) || 'include_usage' in options) {
    return { ...span, text: JSON.stringify({ ...(isObject(options) ? options : {}), include_usage: true }) };
  }
  const inside = span.start + 1;
  return { start: inside, end: inside, text: `"include_usage":true${Object.keys(options).length > 0 ? ',' : ''}` };
}
