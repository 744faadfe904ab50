// Groups of tools (`namespace`), which only Responses has: Codex declares the tools of every MCP server as one. In other
// formats they are tools whose names begin with the group's, as other MCP clients have them. Source:
// https://platform.openai.com/docs/api-reference/responses/create, "tools" (2026-11).

import { pushAll } from '../../core/pushAll';
import type { Json } from '../jsonObject';
import { type AnyTool, isClientTool, type Namespace } from '../neutral';
import { defined } from '../shared/json';

/** A tool's name outside of its group. @param namespace the group's name, if any */
export function fullName(namespace: unknown, name: string): string {
  if (typeof namespace !== 'string' || namespace === '') return name;
  return namespace.endsWith('__') ? namespace + name : `${namespace}__${name}`;
}

/** The fields that name a tool, from its full name. */
export type ToolNaming = (name: string) => Json;

/** How calls name the tools of a request: by group and name in it, where a tool has a group. */
export function openToolNaming(tools: readonly AnyTool[] | undefined): ToolNaming {
  const grouped = new Map<string, Namespace>();
  for (const tool of tools ?? [])
    if (isClientTool(tool) && tool.namespace !== undefined) grouped.set(tool.name, tool.namespace);
  return (name) => {
    const namespace = grouped.get(name);
    return namespace === undefined ? { name } : { namespace: namespace.name, name: namespace.tool };
  };
}

/** The tools as they are declared, those of one group together. @param encode one tool, under its name in the group */
export function groupTools(tools: readonly AnyTool[], encode: (tool: AnyTool) => readonly Json[]): Json[] {
  const out: Json[] = [];
  const groups = new Map<string, Json[]>();
  for (const tool of tools) {
    const namespace = isClientTool(tool) ? tool.namespace : undefined;
    if (!isClientTool(tool) || namespace === undefined) {
      pushAll(out, encode(tool));
      continue;
    }
    const { name, description } = namespace;
    const encoded = encode({ ...tool, name: namespace.tool });
    const group = groups.get(name);
    if (group !== undefined) pushAll(group, encoded);
    else {
      const members = [...encoded];
      groups.set(name, members);
      out.push({ type: 'namespace', name, ...defined({ description }), tools: members });
    }
  }
  return out;
}
