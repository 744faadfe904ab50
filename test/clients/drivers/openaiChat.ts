// The `openai` package at /v1/chat/completions.

import OpenAI from 'openai';
import { type Client, type Driver, toolNamed } from '../driver';
import { openaiErrors } from './openaiErrors';

type Message = OpenAI.ChatCompletionMessageParam;

export const openaiChat: Driver = {
  name: 'openai, chat',
  format: 'chat',
  obeysNoRetry: true,
  ...openaiErrors,
  open({ url, key, retries }): Client {
    const openai = new OpenAI({
      baseURL: `${url}/v1`,
      apiKey: key,
      ...(retries !== undefined && { maxRetries: retries }),
    });
    return {
      async tell(model, prompt, { stream, image, system }) {
        const messages: Message[] = [
          ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
          { role: 'user', content: image === undefined ? prompt : [{ type: 'text', text: prompt }, pictureOf(image)] },
        ];
        if (!stream) {
          const answer = await openai.chat.completions.create({ model, messages });
          const text = answer.choices[0]?.message.content ?? '';
          return { text, pieces: [text], usage: usageOf(answer.usage), reason: answer.choices[0]?.finish_reason };
        }
        const run = openai.chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
        const pieces: string[] = [];
        run.on('content', (delta) => void pieces.push(delta));
        const whole = await run.finalChatCompletion();
        const [choice] = whole.choices;
        return {
          text: choice?.message.content ?? '',
          pieces,
          usage: usageOf(whole.usage),
          reason: choice?.finish_reason,
        };
      },
      async play(model, prompt, tools, { stream, think }) {
        const messages: Message[] = [{ role: 'user', content: prompt }];
        const request = {
          model,
          messages,
          tools: tools.map(({ name, description, schema }) => ({
            type: 'function' as const,
            function: { name, description, parameters: schema },
          })),
          ...(think && { reasoning_effort: 'low' as const }),
        };
        const calls = [];
        let thoughts = '';
        const hear = (said: object | undefined) =>
          void (thoughts += (said as Thoughts | undefined)?.reasoning_content ?? '');
        for (;;) {
          let answer: OpenAI.ChatCompletion;
          if (stream) {
            const run = openai.chat.completions.stream(request);
            run.on('chunk', (chunk) => hear(chunk.choices[0]?.delta)); // what it does not know, it does not join
            answer = await run.finalChatCompletion();
          } else {
            answer = await openai.chat.completions.create(request);
            hear(answer.choices[0]?.message);
          }
          const message = answer.choices[0]!.message;
          messages.push(message);
          if (answer.choices[0]?.finish_reason !== 'tool_calls')
            return { text: message.content ?? '', calls, thoughts };
          for (const call of message.tool_calls ?? []) {
            if (call.type !== 'function') throw new Error(`a call of type ${call.type}`);
            const args: unknown = JSON.parse(call.function.arguments);
            calls.push({ name: call.function.name, args });
            const content = toolNamed(tools, call.function.name).run(args);
            messages.push({ role: 'tool', tool_call_id: call.id, content });
          }
        }
      },
      async shape(model, prompt, schema) {
        const answer = await openai.chat.completions.parse({
          model,
          messages: [{ role: 'user', content: prompt }],
          response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } },
        });
        return JSON.parse(answer.choices[0]?.message.content ?? '') as unknown;
      },
    };
  },
};

// ---

/** DeepSeek's field, which many clients read. */
interface Thoughts {
  reasoning_content?: string;
}

const pictureOf = (data: string) => ({
  type: 'image_url' as const,
  image_url: { url: `data:image/png;base64,${data}` },
});

const usageOf = (usage: OpenAI.CompletionUsage | undefined) => ({
  input: usage?.prompt_tokens,
  output: usage?.completion_tokens,
});
