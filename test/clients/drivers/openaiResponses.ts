// The `openai` package at /v1/responses, without storage: the client keeps the history, sealed thoughts and all.

import OpenAI from 'openai';
import { type Client, type Driver, toolNamed } from '../driver';
import { openaiErrors } from './openaiErrors';

type Item = OpenAI.Responses.ResponseInputItem;

export const openaiResponses: Driver = {
  name: 'openai, responses',
  format: 'responses',
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
        const content: OpenAI.Responses.ResponseInputContent[] = [{ type: 'input_text', text: prompt }];
        if (image !== undefined)
          content.push({ type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${image}` });
        const request = {
          model,
          store: false,
          input: [{ role: 'user' as const, content }],
          ...(system !== undefined && { instructions: system }),
        };
        const pieces: string[] = [];
        let answer: OpenAI.Responses.Response;
        if (stream) {
          const run = openai.responses.stream(request);
          run.on('response.output_text.delta', ({ delta }) => void pieces.push(delta));
          answer = await run.finalResponse();
        } else answer = await openai.responses.create(request);
        return {
          text: answer.output_text,
          pieces: stream ? pieces : [answer.output_text],
          usage: { input: answer.usage?.input_tokens, output: answer.usage?.output_tokens },
          reason: answer.status,
        };
      },
      async play(model, prompt, tools, { stream, think }) {
        const input: Item[] = [{ role: 'user', content: prompt }];
        const request = {
          model,
          input,
          store: false,
          tools: tools.map(({ name, description, schema }) => ({
            type: 'function' as const,
            name,
            description,
            strict: false,
            parameters: schema,
          })),
          // Its thoughts are kept nowhere else, and it thinks without being asked to.
          include: ['reasoning.encrypted_content' as const],
          ...(think && { reasoning: { effort: 'low' as const, summary: 'auto' as const } }),
        };
        const calls = [];
        let thoughts = '';
        for (;;) {
          const answer = stream
            ? await openai.responses.stream(request).finalResponse()
            : await openai.responses.create(request);
          input.push(...(answer.output as Item[]));
          let open = false;
          for (const item of answer.output) {
            if (item.type === 'reasoning') thoughts += item.summary.map(({ text }) => text).join('');
            if (item.type !== 'function_call') continue;
            open = true;
            const args: unknown = JSON.parse(item.arguments);
            calls.push({ name: item.name, args });
            const output = toolNamed(tools, item.name).run(args);
            input.push({ type: 'function_call_output', call_id: item.call_id, output });
          }
          if (!open) return { text: answer.output_text, calls, thoughts };
        }
      },
      async shape(model, prompt, schema) {
        const answer = await openai.responses.parse({
          model,
          input: prompt,
          store: false,
          text: { format: { type: 'json_schema', name: 'answer', strict: true, schema } },
        });
        return JSON.parse(answer.output_text) as unknown;
      },
    };
  },
};
