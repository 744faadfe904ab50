// Pi, with each of the APIs that it has for endpoints of one's own.

import type { Format } from '../../../gateway/src/wire/neutral';
import { upstreams } from '../../support/upstreams';
import type { Cli } from '../cli';
import { script } from '../installed';

const program = script('@earendil-works/pi-coding-agent/dist/bundle/cli.js');

const viaApi = (api: string, format: Format, path: string, dropped: Cli['dropped']): Cli => ({
  name: `Pi (${api})`,
  format: () => format,
  program,
  invoke: ({ url, key, model, prompt, resumes }) => ({
    args: ['-p', ...(resumes ? ['--continue'] : []), '--model', `gateway/${model}`, prompt],
    env: { PI_OFFLINE: '1', PI_TELEMETRY: '0' },
    files: {
      '.pi/agent/models.json': JSON.stringify({
        providers: {
          gateway: {
            baseUrl: url + path,
            api,
            apiKey: key,
            models: upstreams.map(({ model: id }) => ({
              id,
              input: ['text', 'image'],
              // Without it, it keeps of OpenAI's thoughts what only a storing provider knows.
              reasoning: format === 'responses',
            })),
          },
        },
      }),
    },
  }),
  tools: {
    read,
    look: read,
    write: (path_, content) => ({ name: 'write', args: { path: path_, content } }),
    run: (command) => ({ name: 'bash', args: { command } }),
  },
  dropped,
});

export const pi: readonly Cli[] = [
  viaApi('openai-completions', 'chat', '/v1', () => []),
  // A thought that Gemini told in words is none to Gemini.
  viaApi('openai-responses', 'responses', '/v1', (model) => (model.startsWith('gemini') ? ['reasoning'] : [])),
  viaApi('anthropic-messages', 'messages', '/anthropic', (model) =>
    model.startsWith('claude') ? [] : ['cache_control'],
  ),
  viaApi('google-generative-ai', 'generate', '/v1beta', () => []),
];

// ---

function read(path: string) {
  return { name: 'read', args: { path } };
}
