// Mastra's agent, with the gateway as the OpenAI-compatible model of its guide, and with the AI SDK's models of each API.

import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { Agent } from '@mastra/core/agent';
import { createTool } from '@mastra/core/tools';
import * as z from 'zod';
import type { Connection } from '../driver';
import { type Framework, sum, wherePossible } from '../loops';

type Model = ConstructorParameters<typeof Agent>[0]['model'];

const withModel = (
  name: string,
  modelOf: (connection: Connection, id: string) => Model,
  thinking: object,
  traits: Pick<Framework, 'keepsThoughts' | 'miscounts'>,
): Framework => ({
  name: `Mastra, ${name}`,
  ...traits,
  open: (connection) => ({
    async play(id, prompt, tools, { stream, think }) {
      const agent = new Agent({
        id: 'traveller',
        name: 'Traveller',
        instructions: 'Be kind',
        model: modelOf(connection, id),
        maxRetries: 0,
        tools: Object.fromEntries(
          tools.map(({ name: toolName, description, schema, run }) => [
            toolName,
            createTool({
              id: toolName,
              description,
              inputSchema: z.object(Object.fromEntries(Object.keys(schema.properties).map((one) => [one, z.string()]))),
              execute: (args) => Promise.resolve(run(args)),
            }),
          ]),
        ),
      });
      const options = { maxSteps: 4, ...(think && { providerOptions: thinking as never }) };
      const answer = stream
        ? await (await agent.stream(prompt, options)).getFullOutput()
        : await agent.generate(prompt, options);
      if (answer.error) throw answer.error;
      return {
        text: answer.text,
        calls: answer.steps.flatMap((step) =>
          step.toolCalls.map(({ payload }) => ({ name: payload.toolName, args: payload.args })),
        ),
        usage: { input: answer.totalUsage.inputTokens, output: answer.totalUsage.outputTokens },
      };
    },
  }),
});

export const mastra: Readonly<Record<string, Framework>> = {
  compatible: withModel(
    'OpenAI-compatible',
    ({ url, key }, id) => ({ providerId: 'ovth', modelId: id, url: `${url}/v1`, apiKey: key }),
    { ovth: { reasoningEffort: 'low' } },
    {
      keepsThoughts: () => false,
      // It asks no stream for its usage, and gets none, as from OpenAI; the gateway counts all the same.
      miscounts: (turns, _, stream) => ({
        input: stream ? undefined : sum(turns, 'input'),
        output: stream ? undefined : sum(turns, 'output'),
      }),
    },
  ),
  openai: withModel(
    '@ai-sdk/openai',
    ({ url, key }, id) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).responses(id) as Model,
    {
      openai: {
        reasoningEffort: 'low',
        reasoningSummary: 'auto',
        store: false,
        forceReasoning: true,
        include: ['reasoning.encrypted_content'],
      },
    },
    { keepsThoughts: wherePossible },
  ),
  anthropic: withModel(
    '@ai-sdk/anthropic',
    ({ url, key }, id) => createAnthropic({ baseURL: `${url}/anthropic/v1`, apiKey: key })(id) as Model,
    { anthropic: { thinking: { type: 'adaptive', display: 'summarized' } } },
    { keepsThoughts: wherePossible },
  ),
  google: withModel(
    '@ai-sdk/google',
    ({ url, key }, id) => createGoogle({ baseURL: `${url}/v1beta`, apiKey: key })(id) as Model,
    { google: { thinkingConfig: { includeThoughts: true, thinkingLevel: 'low' } } },
    { keepsThoughts: wherePossible },
  ),
};
