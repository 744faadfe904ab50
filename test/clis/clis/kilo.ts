// Kilo's CLI, with the AI SDK's package for hosts of OpenAI's chat.

import { upstreams } from '../../support/upstreams';
import type { Cli } from '../cli';
import { built } from '../installed';

export const kilo: Cli = {
  name: 'Kilo',
  goesRound: false,
  format: () => 'chat',
  program: built('@kilocode/cli-MACHINE/bin/kilo'),
  invoke: ({ url, key, model, prompt, home }) => ({
    args: ['run', '--auto', '-m', `gateway/${model}`, prompt],
    env: {
      GATEWAY_KEY: key,
      KILO_CONFIG: `${home}/kilo.json`,
      KILO_DISABLE_AUTOUPDATE: '1',
      KILO_DISABLE_LSP_DOWNLOAD: '1',
      KILO_DISABLE_MODELS_FETCH: '1',
    },
    files: {
      'kilo.json': JSON.stringify({
        share: 'disabled',
        provider: {
          gateway: {
            npm: '@ai-sdk/openai-compatible',
            options: { baseURL: `${url}/v1`, apiKey: '{env:GATEWAY_KEY}' },
            models: Object.fromEntries(
              upstreams.map((one) => [one.model, { limit: { context: 100_000, output: 8_192 } }]),
            ),
          },
        },
      }),
    },
  }),
  tools: {
    read: (path) => ({ name: 'read', args: { filePath: path } }),
    write: (path, content, given) =>
      given.has('write')
        ? { name: 'write', args: { filePath: path, content } }
        : {
            name: 'apply_patch',
            args: { patchText: `*** Begin Patch\n*** Add File: ${path}\n+${content}\n*** End Patch` },
          },
    run: (command) => ({ name: 'bash', args: { command, description: 'Looks at the file' } }),
  },
  dropped: () => [],
};
