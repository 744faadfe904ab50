// Plain HTTP calls of the simulators, for tests that look at the bytes.
import type { Provider } from './wire';
import type { Simulators } from './index';

export interface Called {
  status: number;
  headers: Headers;
  text: string;
}

/** Asks one provider one thing; `body` is laid over the smallest valid request; a string is sent as it is. */
export async function call(
  simulators: Simulators,
  provider: Provider,
  prompt: string,
  options: {
    stream?: boolean;
    body?: object | string;
    headers?: Record<string, string>;
    path?: string;
    signal?: AbortSignal;
  } = {},
): Promise<Called> {
  const response = await open(simulators, provider, prompt, options);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The same, with the body still to be read. */
export function open(
  simulators: Simulators,
  provider: Provider,
  prompt: string,
  options: Parameters<typeof call>[3] = {},
): Promise<Response> {
  const simulator = simulators[provider];
  const stream = options.stream ?? false;
  const { path, credentials, body } = {
    openai: {
      path: '/chat/completions',
      credentials: { authorization: `Bearer ${simulator.key}` },
      body: { model: 'gpt-4o-mini', stream, messages: [{ role: 'user', content: prompt }] },
    },
    anthropic: {
      path: '/v1/messages',
      credentials: { 'x-api-key': simulator.key, 'anthropic-version': '2023-06-01' },
      body: { model: 'claude-haiku-4-5', max_tokens: 1_000, stream, messages: [{ role: 'user', content: prompt }] },
    },
    google: {
      path: `/v1beta/models/gemini-2.5-flash:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
      credentials: { 'x-goog-api-key': simulator.key },
      body: { contents: [{ role: 'user', parts: [{ text: prompt }] }] },
    },
  }[provider];
  return fetch(simulator.baseUrl + (options.path ?? path), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...credentials, ...options.headers } as Record<string, string>,
    body: typeof options.body === 'string' ? options.body : JSON.stringify({ ...body, ...options.body }),
    ...(options.signal && { signal: options.signal }),
  });
}

/** A weather tool in a provider's spelling, to lay over a request. */
export function weatherTools(provider: Provider, ...names: string[]): object {
  const properties = { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } };
  const schema = { type: 'object', properties, required: ['city', 'unit'] };
  const description = 'Looks something up';
  if (provider === 'openai') {
    return { tools: names.map((name) => ({ type: 'function', function: { name, description, parameters: schema } })) };
  }
  if (provider === 'anthropic') return { tools: names.map((name) => ({ name, description, input_schema: schema })) };
  return { tools: [{ functionDeclarations: names.map((name) => ({ name, description, parameters: schema })) }] };
}

export const PROVIDERS = ['openai', 'anthropic', 'google'] as const satisfies readonly Provider[];
