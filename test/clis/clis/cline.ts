// Cline's CLI, with its providers for any host of OpenAI's chat and for Anthropic. To Anthropic it always offers a search of
// the web beside its own tools.

import type { Cli, Task } from '../cli';
import { built } from '../installed';

const program = built('@cline/cli-MACHINE/bin/cline');

const tools: Cli['tools'] = {
  read: (path) => ({ name: 'read_files', args: { files: [{ path }] } }),
  write: (path, text, given) =>
    given.has('apply_patch')
      ? { name: 'apply_patch', args: { input: `*** Begin Patch\n*** Add File: ${path}\n+${text}\n*** End Patch` } }
      : { name: 'editor', args: { path, new_text: text } },
  run: (command) => ({ name: 'run_commands', args: { commands: [command] } }),
};

export const clineOpenai: Cli = {
  name: 'Cline (openai-compatible)',
  goesRound: false,
  format: () => 'chat',
  program,
  invoke: ({ url, ...task }) => invoke('openai-compatible', `${url}/v1`, task),
  tools,
  dropped: () => [],
};

export const clineAnthropic: Cli = {
  name: 'Cline (anthropic)',
  goesRound: false,
  format: () => 'messages',
  program,
  invoke: ({ url, ...task }) => invoke('anthropic', `${url}/anthropic`, task),
  tools,
  dropped: (model) => (model.startsWith('own/') ? ['tools[0]'] : []), // the search
};

// ---

function invoke(provider: string, baseUrl: string, { key, model, prompt }: Omit<Task, 'url'>) {
  const settings = { provider, apiKey: key, model, baseUrl };
  const updatedAt = '2026-11-27T00:00:00.000Z';
  return {
    args: ['-P', provider, '-m', model, prompt],
    env: {},
    files: {
      '.cline/data/settings/providers.json': JSON.stringify({
        version: 1,
        lastUsedProvider: provider,
        modes: {},
        providers: { [provider]: { settings, updatedAt, tokenSource: 'manual' } },
      }),
    },
  };
}
