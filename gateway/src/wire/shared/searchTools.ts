// The web search among the tools of a body that is passed on in its own format.

import type { Json } from '../jsonObject';
import { listOr } from './json';

/** The paths of the tools that are searches. */
export function placesOf(tools: readonly unknown[], isSearch: (tool: unknown) => boolean): string[] {
  return tools.flatMap((tool, i) => (isSearch(tool) ? [`tools[${i}]`] : []));
}

/** A body without these tools; without a choice of one of them, and where no tool is left, without any. */
export function withoutTools(
  body: Json,
  isOut: (tool: unknown) => boolean,
  isChoiceOf: (choice: unknown) => boolean,
): Json {
  const { tools, tool_choice: choice, ...others } = body;
  const kept = listOr(tools).filter((tool) => !isOut(tool));
  const hasChoice = choice !== undefined && kept.length > 0 && !isChoiceOf(choice);
  return {
    ...others,
    ...(kept.length === 0 ? {} : { tools: kept }),
    ...(hasChoice ? { tool_choice: choice } : {}),
  };
}
