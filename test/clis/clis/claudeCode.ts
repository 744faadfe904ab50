// Anthropic's Claude Code: messages, always streamed and with thoughts, whatever model is named.

import type { Cli } from '../cli';
import { built } from '../installed';

export const claudeCode: Cli = {
  name: 'Claude Code',
  format: () => 'messages',
  program: built('@anthropic-ai/claude-code-MACHINE/claude*'),
  invoke: ({ url, key, model, prompt, resumes }) => ({
    args: ['-p', '--dangerously-skip-permissions', ...(resumes ? ['--continue'] : []), prompt],
    env: {
      ANTHROPIC_BASE_URL: `${url}/anthropic`,
      ANTHROPIC_AUTH_TOKEN: key,
      ANTHROPIC_MODEL: model,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      IS_SANDBOX: '1', // else root may not skip permissions
    },
  }),
  tools: {
    read,
    look: read,
    write: (path, content) => ({ name: 'Write', args: { file_path: path, content } }),
    run: (command) => ({ name: 'Bash', args: { command, description: 'Looks at the file' } }),
  },
  // Its id of the user is a bundle of account data.
  dropped: (model) => (model.startsWith('claude') ? [] : ['cache_control', 'context_management', 'user']),
};

// ---

function read(path: string) {
  return { name: 'Read', args: { file_path: path } };
}
