// Google's Gemini CLI: generateContent, with thoughts, which it does not send back.

import type { Cli } from '../cli';
import { script } from '../installed';

export const geminiCli: Cli = {
  name: 'Gemini CLI',
  format: () => 'generate',
  // It repeats every tool's result when it resumes, and Google counts them.
  refusedBy: ['gemini-3.5-flash'],
  renames: { 'gemini-3.5-flash': 'gemini-3.8-flash' },
  program: script('@google/gemini-cli/bundle/gemini.js'),
  invoke: ({ url, key, model, prompt, resumes }) => ({
    args: ['-m', model, '--skip-trust', '--yolo', ...(resumes ? ['--resume', 'latest'] : []), '-p', prompt],
    env: { GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: key },
    files: {
      '.gemini/settings.json': JSON.stringify({
        security: { auth: { selectedType: 'gemini-api-key' } },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
      }),
    },
  }),
  tools: {
    read,
    look: read,
    write: (path, content) => ({ name: 'write_file', args: { file_path: path, content } }),
    run: (command) => ({ name: 'run_shell_command', args: { command, description: 'Looks at the file' } }),
  },
  // The sampling it always asks for.
  dropped: (model) => (model.startsWith('gemini') ? [] : model.startsWith('own/') ? ['top_k'] : ['top_k', 'top_p']),
};

// ---

function read(path: string) {
  return { name: 'read_file', args: { file_path: path } };
}
