// Encodes the format that a response must have. Source:
// https://platform.claude.com/docs/en/build-with-claude/structured-outputs (2026-11).

import type { Json } from '../jsonObject';
import { isClientTool, type NeutralRequest, type ResponseFormat, type ToolChoice } from '../neutral';
import { schemaForAnthropic, withDescription } from '../schema/jsonSchema';
import { argsSchema } from '../schema/toolSchema';
import type { ClaudeProfile } from '../shared/profileRows';

export interface EncodedFormat {
  /** `output_config.format`. */
  readonly format?: Json;
  /** Tools to declare beside the client's. */
  readonly tools: readonly Json[];
  readonly choice?: ToolChoice;
  /** The tool whose arguments are the response. */
  readonly answerTool?: string;
  /** What the system prompt asks for. */
  readonly instruction?: string;
}

// The schema of "any JSON": a model answers {} to an object schema that names no fields and allows none.
const anyObject = { type: 'object', additionalProperties: true };

/**
 * The response format, in the first way that the model takes: as a JSON schema; through a tool that it must call, whose
 * arguments are the response; by an instruction.
 */
export function encodeResponseFormat(
  request: NeutralRequest,
  format: ResponseFormat | undefined,
  profile: ClaudeProfile,
): EncodedFormat {
  if (format === undefined) return { tools: [] };
  if (format.type === 'schema' && profile.schema)
    return {
      tools: [],
      format: { type: 'json_schema', schema: withDescription(schemaForAnthropic(format.schema), format.description) },
    };
  if (!profile.forcedTool)
    return {
      tools: [],
      instruction: 'Answer with one JSON object and nothing else: no words around it, no code fence.',
    };
  const taken = new Set(request.tools?.map((tool) => (isClientTool(tool) ? tool.name : '')));
  const name = taken.has('answer') ? 'structured_answer' : 'answer';
  const hasTools = (request.tools ?? []).some((tool) => tool.type !== 'raw') && request.toolChoice?.type !== 'none';
  const description =
    (format.type === 'schema' ? format.description : undefined) ?? 'Gives the answer in the form that is asked for.';
  return {
    tools: [{ name, description, input_schema: format.type === 'schema' ? argsSchema(format.schema) : anyObject }],
    choice: hasTools ? { type: 'required' } : { type: 'named', name },
    answerTool: name,
  };
}
