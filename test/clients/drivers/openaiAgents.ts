// OpenAI's Agents SDK, with both of its models, set to the gateway by a client of its own as its guide says.

import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
import OpenAI from 'openai';
import { type Framework, wherePossible } from '../loops';

const withModel = (
  name: string,
  useResponses: boolean,
  thinking: object,
  keepsThoughts: Framework['keepsThoughts'],
): Framework => ({
  name: `OpenAI Agents, ${name}`,
  keepsThoughts,
  open({ url, key }) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
    const runner = new Runner({
      modelProvider: new OpenAIProvider({ openAIClient: client, useResponses }),
      tracingDisabled: true, // its traces go to OpenAI itself
    });
    return {
      async play(model, prompt, tools, { stream, think }) {
        const agent = new Agent({
          name: 'Traveller',
          model,
          modelSettings: think ? thinking : {},
          tools: tools.map(({ name: toolName, description, schema, run }) =>
            tool({
              name: toolName,
              description,
              strict: false,
              parameters: {
                ...schema,
                required: [...(schema.required ?? [])],
                additionalProperties: true,
              } as never,
              execute: (args: unknown) => run(args),
            }),
          ),
        });
        const result = stream ? await runner.run(agent, prompt, { stream: true }) : await runner.run(agent, prompt);
        if ('completed' in result) await result.completed;
        const { usage } = result.runContext;
        return {
          text: String(result.finalOutput),
          calls: result.newItems.flatMap(({ rawItem }) =>
            rawItem?.type === 'function_call'
              ? [{ name: rawItem.name, args: JSON.parse(rawItem.arguments) as unknown }]
              : [],
          ),
          usage: { input: usage.inputTokens, output: usage.outputTokens },
        };
      },
    };
  },
});

export const openaiAgents: Readonly<Record<string, Framework>> = {
  chat: withModel('chat', false, { reasoning: { effort: 'low' } }, () => false),
  responses: withModel(
    'responses',
    true,
    {
      store: false,
      reasoning: { effort: 'low', summary: 'auto' },
      providerData: { include: ['reasoning.encrypted_content'] },
    },
    wherePossible,
  ),
};
