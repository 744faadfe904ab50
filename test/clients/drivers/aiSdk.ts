// The `ai` package, with any of its providers: the tool loop is its own.

import { APICallError, generateText, isStepCount, jsonSchema, type LanguageModel, Output, streamText, tool } from 'ai';
import type { Format } from '../../../gateway/src/wire/neutral';
import type { Client, Connection, Driver, Tool } from '../driver';

export interface AiProvider {
  /** Its package, and which of its APIs. */
  readonly name: string;
  readonly format: Format;
  readonly model: (connection: Connection) => (id: string) => LanguageModel;
  /** False for one that reads no thoughts from its API. */
  readonly readsThoughts?: boolean;
  readonly fieldsOfItsOwn?: boolean;
  /** How it is asked for thoughts. */
  readonly thinking: NonNullable<Parameters<typeof generateText>[0]['providerOptions']>;
}

export function aiSdk({
  name,
  format,
  model: modelsOf,
  thinking,
  readsThoughts = true,
  fieldsOfItsOwn = false,
}: AiProvider): Driver {
  return {
    name,
    format,
    obeysNoRetry: false,
    readsThoughts,
    fieldsOfItsOwn,
    raised: (error) => ({
      error,
      own: APICallError.isInstance(error),
      status: APICallError.isInstance(error) ? error.statusCode : undefined,
      message: APICallError.isInstance(error) ? `${error.message} ${error.responseBody}` : String(error),
    }),
    open(connection): Client {
      const models = modelsOf(connection);
      const maxRetries = connection.retries ?? 2;
      return {
        async tell(id, prompt, { stream, image, system }) {
          const picture = image === undefined ? [] : [{ type: 'file' as const, mediaType: 'image/png', data: image }];
          const request = {
            model: models(id),
            maxRetries,
            messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: prompt }, ...picture] }],
            ...(system !== undefined && { instructions: system }),
          };
          if (!stream) {
            const { text, usage, finishReason } = await generateText(request);
            return { text, pieces: [text], usage: usageOf(usage), reason: finishReason };
          }
          const answer = streamText({ ...request, onError: () => undefined });
          const pieces: string[] = [];
          for await (const part of answer.stream) {
            if (part.type === 'error') throw part.error as Error;
            if (part.type === 'text-delta') pieces.push(part.text);
          }
          return {
            text: await answer.text,
            pieces,
            usage: usageOf(await answer.usage),
            reason: await answer.finishReason,
          };
        },
        async play(id, prompt, tools, { stream, think }) {
          const request = {
            model: models(id),
            maxRetries,
            prompt,
            tools: Object.fromEntries(tools.map((one) => [one.name, toolOf(one)])),
            stopWhen: isStepCount(4),
            ...(think && { providerOptions: thinking }),
          };
          let failure: unknown;
          const answer = stream
            ? streamText({ ...request, onError: ({ error }) => void (failure = error) })
            : await generateText(request);
          if ('consumeStream' in answer) await answer.consumeStream();
          if (failure !== undefined) throw failure as Error;
          const steps = await answer.steps;
          return {
            text: await answer.text,
            calls: steps.flatMap((step) =>
              step.toolCalls.map(({ toolName, input }) => ({ name: toolName, args: input })),
            ),
            thoughts: steps.map((step) => step.reasoningText ?? '').join(''),
          };
        },
        async shape(id, prompt, schema) {
          const { output } = await generateText({
            model: models(id),
            maxRetries,
            prompt,
            output: Output.object({ schema: jsonSchema(schema) }),
          });
          return output;
        },
      };
    },
  };
}

// ---

const toolOf = ({ description, schema, run }: Tool) =>
  tool({ description, inputSchema: jsonSchema(schema as object), execute: (args: unknown) => run(args) });

const usageOf = ({
  inputTokens,
  outputTokens,
}: {
  inputTokens: number | undefined;
  outputTokens: number | undefined;
}) => ({
  input: inputTokens,
  output: outputTokens,
});
