// The structure of JSON documents, so that a simulated answer can be held against recorded ones.
export { recordings, type Recording } from '../support/shared';

/** The documents in an answer: one of a JSON answer, one for each event of a stream, the elements of an array. */
export function documentsIn(response: unknown): unknown[] {
  if (typeof response !== 'string') return [response].flat();
  if (!/^ ?(?:data|event):/m.test(response)) return [JSON.parse(response) as unknown].flat();
  return [...response.matchAll(/^ ?data: ?(\{.*)$/gm)].map((match) => JSON.parse(match[1] ?? '') as unknown);
}

/** Every path of the documents with the type found there, as `choices[].message.content:string`. */
export function shapeOf(documents: readonly unknown[]): Set<string> {
  const shape = new Set<string>();
  for (const one of documents) walk(one, '', shape);
  return shape;
}

/**
 * What is wrong with a shape beside recorded ones: paths that no recording has with that type, and paths (of whatever
 * type) that every recording has and this one lacks.
 */
export function differences(
  simulated: ReadonlySet<string>,
  known: readonly ReadonlySet<string>[],
  alike: readonly ReadonlySet<string>[],
): { invented: string[]; missing: string[] } {
  const invented = [...simulated].filter((path) => !known.some((shape) => shape.has(path)));
  const paths = pathsOf(simulated);
  const [first, ...others] = alike.map(pathsOf);
  const always = [...(first ?? [])].filter((path) => others.every((shape) => shape.has(path)));
  return { invented, missing: always.filter((path) => !paths.has(path)) };
}

// ---

/** Where the user's own data begins: its shape is the tool's business. */
const FREE = new Set(['args', 'input', 'response', 'metadata', 'quotaDimensions']);

function walk(value: unknown, path: string, shape: Set<string>): void {
  if (Array.isArray(value)) {
    shape.add(`${path}:array`);
    for (const one of value) walk(one, `${path}[]`, shape);
  } else if (typeof value === 'object' && value !== null) {
    shape.add(`${path}:object`);
    for (const [name, one] of Object.entries(value)) if (!FREE.has(name)) walk(one, `${path}.${name}`, shape);
  } else {
    shape.add(`${path}:${value === null ? 'null' : typeof value}`);
  }
}

function pathsOf(shape: ReadonlySet<string>): Set<string> {
  return new Set([...shape].map((path) => path.replace(/:\w+$/, '')));
}
