// What the migration guide tells a user to write and to send, for the demo and the tests.

/** The guide's docker-compose.yml, with another image. */
export const composeFile = `services:
  gateway:
    image: ovth-gateway
    restart: always
    ports: ["127.0.0.1:8080:8080"]
    env_file: .env
    volumes:
      - ./data:/data
      - ./config.yaml:/app/config.yaml:ro
`;

/** The guide's config.yaml, as written there. */
export const guideConfig = `routes:
  auto:
    strategy: cheapest-capable
    providers: [anthropic, openai, google]
  cheap:
    providers: [google, anthropic]
    models: [gemini-1.5-flash, claude-haiku-4]
  smart:
    providers: [anthropic, openai]
    models: [claude-opus-4.7, gpt-5]
quota:
  daily_tokens: 500000
  per_user: true
`;

/** The guide's curl in the shape of OpenAI's API. */
export const openaiCurl = { model: 'auto', messages: [{ role: 'user', content: 'hi' }] };

/** The guide's curl in the shape of Anthropic's API. */
export const anthropicCurl = {
  model: 'claude-sonnet-4.5',
  max_tokens: 50,
  messages: [{ role: 'user', content: 'hi' }],
};

export interface Upstreams {
  readonly openai: { readonly baseUrl: string };
  readonly anthropic: { readonly baseUrl: string };
  readonly google: { readonly baseUrl: string };
}

/** The part of a config.yaml that sends all three providers to other hosts, simulators for example. */
export function providersAt(upstreams: Upstreams): string {
  const row = (name: keyof Upstreams) => `  ${name}: {base_url: ${JSON.stringify(upstreams[name].baseUrl)}}\n`;
  return `providers:\n${row('openai')}${row('anthropic')}${row('google')}`;
}
