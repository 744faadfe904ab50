// OpenAI's Codex: the Responses API, a shell for everything, and patches as free text where it knows the model.

import type { Cli } from '../cli';
import { built } from '../installed';

export const codex: Cli = {
  name: 'Codex',
  format: () => 'responses',
  program: built('@openai/codex-MACHINE/vendor/*/bin/codex'),
  invoke: ({ url, key, model, prompt, home, resumes }) => ({
    args: ['exec', ...(resumes ? ['resume', '--last'] : []), ...unguarded, '-m', model, prompt],
    env: { CODEX_HOME: home, GATEWAY_KEY: key },
    files: {
      'config.toml': `
model_provider = "gateway"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.gateway]
name = "gateway"
base_url = "${url}/v1"
wire_api = "responses"
env_key = "GATEWAY_KEY"
`,
    },
  }),
  tools: {
    read: (path) => shell(`cat ${path}`),
    write: (path, text, given) =>
      given.has('apply_patch')
        ? { name: 'apply_patch', args: {}, text: `*** Begin Patch\n*** Add File: ${path}\n+${text}\n*** End Patch\n` }
        : shell(`echo '${text}' > ${path}`),
    run: shell,
    look: (path) => ({ name: 'view_image', args: { path } }),
  },
  // The host has no search; a thought that Gemini told in words is none to Gemini.
  dropped: (model) => (model.startsWith('own/') ? ['tools[8]'] : model.startsWith('gemini') ? ['reasoning'] : []),
};

// ---

const unguarded = ['--dangerously-bypass-approvals-and-sandbox', '--skip-git-repo-check'];

function shell(cmd: string) {
  return { name: 'exec_command', args: { cmd } };
}
