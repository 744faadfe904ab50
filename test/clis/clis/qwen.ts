// Qwen Code, with its clients of OpenAI's chat and of Anthropic.

import type { Cli, Task } from '../cli';
import { script } from '../installed';

const program = script('@qwen-code/qwen-code/cli.js');

const tools: Cli['tools'] = {
  read: (path) => ({ name: 'read_file', args: { file_path: path } }),
  write: (path, content) => ({ name: 'write_file', args: { file_path: path, content } }),
  run: (command) => ({ name: 'run_shell_command', args: { command, is_background: false } }),
};

export const qwenOpenai: Cli = {
  name: 'Qwen Code (openai)',
  goesRound: false,
  format: () => 'chat',
  program,
  invoke: ({ url, key, ...task }) =>
    invoke('openai', { OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: key, OPENAI_MODEL: task.model }, task),
  tools,
  dropped: () => [],
};

export const qwenAnthropic: Cli = {
  name: 'Qwen Code (anthropic)',
  goesRound: false,
  format: () => 'messages',
  program,
  invoke: ({ url, key, ...task }) =>
    invoke(
      'anthropic',
      { ANTHROPIC_BASE_URL: `${url}/anthropic`, ANTHROPIC_API_KEY: key, ANTHROPIC_MODEL: task.model },
      task,
    ),
  tools,
  // A thought that Gemini told in words is none to Gemini.
  dropped: (model) => {
    const thought = model.startsWith('gemini') ? ['reasoning'] : [];
    return model.startsWith('claude') ? [] : ['cache_control', ...thought];
  },
};

// ---

function invoke(authType: string, env: Record<string, string>, { model, prompt }: Omit<Task, 'url' | 'key'>) {
  return {
    args: ['--yolo', '--auth-type', authType, '-m', model, '-p', prompt],
    env,
    files: {
      '.qwen/settings.json': JSON.stringify({
        security: { auth: { selectedType: authType } },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false },
      }),
    },
  };
}
