// OpenCode, with each of the AI SDK's packages that it brings along: one for each format.

import type { Format } from '../../../gateway/src/wire/neutral';
import { upstreams } from '../../support/upstreams';
import type { Cli } from '../cli';
import { built } from '../installed';

const program = built('opencode-MACHINE/bin/opencode');

const viaPackage = (npm: string, format: Format, path: string, dropped: Cli['dropped']): Cli => ({
  name: `OpenCode (${npm})`,
  goesRound: format === 'chat',
  format: () => format,
  program,
  invoke: ({ url, key, model, prompt, home, resumes }) => ({
    args: ['run', ...(resumes ? ['--continue'] : []), '-m', `gateway/${model}`, prompt],
    env: {
      GATEWAY_KEY: key,
      OPENCODE_CONFIG: `${home}/opencode.json`,
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
    },
    files: {
      'opencode.json': JSON.stringify({
        share: 'disabled',
        provider: {
          gateway: {
            npm,
            options: { baseURL: url + path, apiKey: '{env:GATEWAY_KEY}' },
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
      given.has('apply_patch')
        ? {
            name: 'apply_patch',
            args: { patchText: `*** Begin Patch\n*** Add File: ${path}\n+${content}\n*** End Patch` },
          }
        : { name: 'write', args: { filePath: path, content } },
    run: (command) => ({ name: 'bash', args: { command, description: 'Looks at the file' } }),
  },
  dropped,
});

export const opencode: readonly Cli[] = [
  viaPackage('@ai-sdk/openai-compatible', 'chat', '/v1', () => []),
  viaPackage('@ai-sdk/openai', 'responses', '/v1', () => []),
  viaPackage('@ai-sdk/anthropic', 'messages', '/anthropic/v1', (model) =>
    model.startsWith('claude') ? [] : ['cache_control'],
  ),
  viaPackage('@ai-sdk/google', 'generate', '/v1beta', () => []),
];
