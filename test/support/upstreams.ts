// One model of each provider, and one of a host of the operator's own that speaks OpenAI's chat and nothing else.

import type { Provider, Simulators } from '../simulators';
import { providersAt } from './guide';

export interface Upstream {
  readonly model: string;
  readonly provider: Provider;
  /** A host of the operator's own, and not the provider itself. */
  readonly own?: boolean;
}

export const upstreams: readonly Upstream[] = [
  { model: 'gpt-5.5', provider: 'openai' },
  { model: 'claude-opus-4.7', provider: 'anthropic' },
  { model: 'gemini-3.5-flash', provider: 'google' },
  { model: 'own/deepseek-chat', provider: 'openai', own: true },
];

/** The part of a config.yaml that names the simulators as all these hosts. */
export function hostsAt(simulators: Simulators): string {
  const url = JSON.stringify(simulators.openai.baseUrl);
  const models =
    '{deepseek-chat: {context: 100000, max_output: 8192, capabilities: [tools, images, json_schema, reasoning]}}';
  return `${providersAt(simulators)}  own: {base_url: ${url}, wire: openai, api_key_env: OWN_KEY, models: ${models}}\n`;
}

/** The variables that hold their keys. */
export function keysOf({ openai, anthropic, google }: Simulators): Record<string, string> {
  return {
    OPENAI_API_KEY: openai.key,
    ANTHROPIC_API_KEY: anthropic.key,
    GOOGLE_API_KEY: google.key,
    OWN_KEY: openai.key,
  };
}
