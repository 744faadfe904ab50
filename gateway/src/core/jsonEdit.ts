// Changes single fields of a JSON body in its bytes, so that every other byte of it stays as it was.

import { GatewayError } from './errors';
import { type Edit, type JsonScan, scanJson, type Span } from './jsonScan';

/** A field that gets another value, is added, or is taken out. */
export interface FieldChange {
  /** Its name; or the names of an object at the top level, and of a field in it. */
  readonly at: readonly [name: string, inner?: string];
  /** undefined takes it out. */
  readonly value: unknown;
}

/**
 * The edits that make changes, for `splice`. Where a field of an object is changed and the body has none there, it gets one.
 * @param scan of the body
 * @throws GatewayError bad_json
 */
export function editsOf(body: Buffer, scan: JsonScan, changes: readonly FieldChange[]): Edit[] {
  const top = new Map<string, unknown>();
  const inside = new Map<string, Map<string, unknown>>();
  for (const { at, value } of changes) {
    const [name, inner] = at;
    if (inner === undefined) top.set(name, value);
    else if (!isObjectAt(body, scan.fields.get(name)))
      top.set(name, { ...(top.get(name) as object | undefined), [inner]: value });
    else inside.set(name, (inside.get(name) ?? new Map<string, unknown>()).set(inner, value));
  }
  const edits = fieldEdits(body, scan, top, 0);
  for (const [name, values] of inside) {
    const span = scan.fields.get(name);
    if (span !== undefined && !top.has(name)) edits.push(...innerEdits(body, span, values));
  }
  return edits;
}

// ---

function isObjectAt(body: Buffer, span: Span | undefined): boolean {
  return span !== undefined && body[span.start] === 0x7b;
}

function innerEdits(body: Buffer, { start, end }: Span, values: ReadonlyMap<string, unknown>): Edit[] {
  const object = body.subarray(start, end);
  try {
    return fieldEdits(object, scanJson(object, unbounded), values, start);
  } catch (error) {
    // A key that is written with escapes, or stands twice: the object is printed anew.
    if (!(error instanceof GatewayError) || error.code !== 'bad_request') throw error;
    const parsed = JSON.parse(object.toString('utf8')) as object;
    const kept = [...new Map([...Object.entries(parsed), ...values])].filter(([, value]) => value !== undefined);
    return [{ start, end, text: JSON.stringify(Object.fromEntries(kept)) }];
  }
}

/** The whole body has been scanned within its bounds before. */
const unbounded = { depth: Infinity, nodes: Infinity };

/** @param offset of the object in the body */
function fieldEdits(object: Buffer, scan: JsonScan, values: ReadonlyMap<string, unknown>, offset: number): Edit[] {
  const edits: Edit[] = [];
  const fields = [...scan.fields];
  const isCut = (name: string) => values.has(name) && values.get(name) === undefined;
  let kept = false;
  let end = 0;
  for (const [i, [name, span]] of fields.entries()) {
    if (!isCut(name)) {
      kept = true;
      if (values.has(name)) edits.push({ ...span, text: JSON.stringify(values.get(name)) });
    } else if (kept)
      edits.push({ start: end, end: span.end, text: '' }); // with the comma before it
    else {
      const next = fields[i + 1];
      const until = next === undefined ? span.end : keyStart(object, next[0], next[1]);
      edits.push({ start: keyStart(object, name, span), end: until, text: '' }); // with the comma after it
    }
    ({ end } = span);
  }
  const added = [...values].filter(([name, value]) => value !== undefined && !scan.fields.has(name));
  const text = added.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',');
  if (text !== '') edits.push({ start: scan.close, end: scan.close, text: kept ? `,${text}` : text });
  return offset === 0 ? edits : edits.map((edit) => ({ ...edit, start: edit.start + offset, end: edit.end + offset }));
}

// Keys with escapes are refused by the scan, so a key stands in the bytes as it is.
function keyStart(object: Buffer, name: string, span: Span): number {
  return object.lastIndexOf(`"${name}"`, span.start - 1, 'latin1');
}
