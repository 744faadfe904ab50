// Groups of tools, which Responses alone knows: Codex declares the tools of every MCP server as one. Elsewhere they are
// tools with both names in one, as other clients of MCP write them.

import type { Json } from '../codec';
import { defined } from '../shared/json';
import type { AnyTool, Namespace } from '../neutral';

/** A tool's name outside of its group. */
export function fullName(namespace: unknown, name: string): string {
  if (typeof namespace !== 'string' || namespace === '') return name;
  return namespace.endsWith('__') ? namespace + name : `${namespace}__${name}`;
}

/** How a call names its tool: by its group and its name in it, where it has one. */
export function openNaming(tools: readonly AnyTool[] | undefined): (name: string) => Json {
  const grouped = new Map<string, Namespace>();
  for (const tool of tools ?? [])
    if (tool.type !== 'raw' && tool.namespace !== undefined) grouped.set(tool.name, tool.namespace);
  return (name) => {
    const of = grouped.get(name);
    return of === undefined ? { name } : { namespace: of.name, name: of.tool };
  };
}

/** The tools as they are declared, those of one group together. @param write one tool, under its own name */
export function regrouped(tools: readonly AnyTool[], write: (tool: AnyTool) => readonly Json[]): Json[] {
  const out: Json[] = [];
  const groups = new Map<string, Json[]>();
  for (const tool of tools) {
    const of = tool.type === 'raw' ? undefined : tool.namespace;
    if (tool.type === 'raw' || of === undefined) {
      out.push(...write(tool));
      continue;
    }
    const written = write({ ...tool, name: of.tool });
    const group = groups.get(of.name);
    if (group !== undefined) group.push(...written);
    else {
      const members = [...written];
      groups.set(of.name, members);
      out.push({ type: 'namespace', name: of.name, ...defined({ description: of.description }), tools: members });
    }
  }
  return out;
}
