// The `@anthropic-ai/sdk` package, its tool loop by hand.

import Anthropic from '@anthropic-ai/sdk';
import { type Client, type Driver, toolNamed } from '../driver';

const classes: Readonly<Record<number, new (...args: never[]) => Error>> = {
  400: Anthropic.BadRequestError,
  401: Anthropic.AuthenticationError,
  404: Anthropic.NotFoundError,
  429: Anthropic.RateLimitError,
};

export const anthropic: Driver = {
  name: '@anthropic-ai/sdk',
  format: 'messages',
  obeysNoRetry: true,
  raised: (error) => ({
    error,
    own: error instanceof Anthropic.AnthropicError,
    status: error instanceof Anthropic.APIError ? (error.status as number | undefined) : undefined,
    message: String(error),
  }),
  classOf: (status) => classes[status] ?? Anthropic.InternalServerError,
  open({ url, key, retries }): Client {
    const client = new Anthropic({
      baseURL: `${url}/anthropic`,
      apiKey: key,
      ...(retries !== undefined && { maxRetries: retries }),
    });
    return {
      async tell(model, prompt, { stream, image, system }) {
        const content: Anthropic.ContentBlockParam[] = [{ type: 'text', text: prompt }];
        if (image !== undefined)
          content.unshift({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } });
        const request = {
          model,
          max_tokens: 4_000,
          messages: [{ role: 'user' as const, content }],
          ...(system !== undefined && { system }),
        };
        const pieces: string[] = [];
        let answer: Anthropic.Message;
        if (stream) {
          const run = client.messages.stream(request);
          run.on('text', (delta) => void pieces.push(delta));
          answer = await run.finalMessage();
        } else answer = await client.messages.create(request);
        const text = textOf(answer);
        return {
          text,
          pieces: stream ? pieces : [text],
          usage: { input: answer.usage.input_tokens, output: answer.usage.output_tokens },
          reason: answer.stop_reason,
        };
      },
      async play(model, prompt, tools, { stream, think }) {
        const messages: Anthropic.MessageParam[] = [{ role: 'user', content: prompt }];
        const request = {
          model,
          messages,
          max_tokens: 8_000,
          tools: tools.map(({ name, description, schema }) => ({
            name,
            description,
            input_schema: schema as unknown as Anthropic.Tool.InputSchema,
          })),
          ...(think && { thinking: { type: 'adaptive' as const, display: 'summarized' as const } }),
        };
        const calls = [];
        let thoughts = '';
        for (;;) {
          const answer = stream
            ? await client.messages.stream(request).finalMessage()
            : await client.messages.create(request);
          messages.push({ role: 'assistant', content: answer.content });
          const results: Anthropic.ToolResultBlockParam[] = [];
          for (const block of answer.content) {
            if (block.type === 'thinking') thoughts += block.thinking;
            if (block.type !== 'tool_use') continue;
            calls.push({ name: block.name, args: block.input });
            const content = toolNamed(tools, block.name).run(block.input);
            results.push({ type: 'tool_result', tool_use_id: block.id, content });
          }
          if (answer.stop_reason !== 'tool_use') return { text: textOf(answer), calls, thoughts };
          messages.push({ role: 'user', content: results });
        }
      },
      async shape(model, prompt, schema) {
        const answer = await client.messages.create({
          model,
          max_tokens: 4_000,
          messages: [{ role: 'user', content: prompt }],
          output_config: { format: { type: 'json_schema', schema } },
        });
        return JSON.parse(textOf(answer)) as unknown;
      },
    };
  },
};

// ---

const textOf = (answer: Anthropic.Message) =>
  answer.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
