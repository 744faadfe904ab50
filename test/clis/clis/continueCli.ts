// Continue's CLI, with its providers for OpenAI's API (Responses for the models it takes to reason) and for Anthropic's.

import type { Cli, Task } from '../cli';
import { script } from '../installed';

const program = script('@continuedev/cli/dist/cn.js');

const tools: Cli['tools'] = {
  read: (path) => ({ name: 'Read', args: { filepath: path } }),
  write: (path, content) => ({ name: 'Write', args: { filepath: path, content } }),
  run: (command) => ({ name: 'Bash', args: { command } }),
};

export const continueOpenai: Cli = {
  name: 'Continue (openai)',
  format: (model) => (model.startsWith('gpt-5') ? 'responses' : 'chat'),
  program,
  invoke: ({ url, ...task }) => invoke('openai', `${url}/v1/`, task),
  tools,
  dropped: () => [],
};

export const continueAnthropic: Cli = {
  name: 'Continue (anthropic)',
  format: () => 'messages',
  program,
  invoke: ({ url, ...task }) => invoke('anthropic', `${url}/anthropic/v1/`, task),
  tools,
  dropped: (model) => (model.startsWith('claude') ? [] : ['cache_control']),
};

// ---

function invoke(provider: string, apiBase: string, { key, model, prompt, home, resumes }: Omit<Task, 'url'>) {
  return {
    args: ['-p', ...(resumes ? ['--resume'] : []), '--config', `${home}/config.yaml`, '--auto', prompt],
    env: { CONTINUE_GLOBAL_DIR: `${home}/continue` },
    files: {
      'config.yaml': `
name: gateway
version: 1.0.0
schema: v1
models:
  - {name: model, provider: ${provider}, model: ${model}, apiBase: "${apiBase}", apiKey: "${key}", roles: [chat]}
`,
    },
  };
}
