// The apply script on a box, sent past the engine: with the very text that the engine sends, or a changed one.

import { command, commandInput } from '../../infra/scripts';
import type { Box } from '../lab/lab';
import type { Ran } from '../lab/shell';
import type { Project } from './project';

/** What the program sends to a box: infra/render/desiredState.ts. */
export interface SentState {
  facts: Record<string, string | number>;
  files: { release: Record<string, string>; front: Record<string, string> };
}

/** What the apply step was last sent, from the engine's own state. */
export async function lastSent(project: Project): Promise<SentState> {
  const shown = await project.pulumi(['stack', 'export', '--show-secrets']);
  const { deployment } = JSON.parse(shown.text) as {
    deployment: { resources: { urn: string; inputs: { stdin?: { plaintext: string } } }[] };
  };
  const found = deployment.resources.find(({ urn }) => urn.endsWith('::ovth-apply'))!;
  const input = JSON.parse(found.inputs.stdin!.plaintext) as string;
  return JSON.parse(input.slice(commandInput('').length)) as SentState;
}

/** Runs the apply script. A failure of it is no error here. */
export function applyOn(box: Box, state: SentState): Promise<Ran> {
  return box.exec(command, { input: commandInput(JSON.stringify(state)), check: false, timeoutMs: 120_000 });
}
