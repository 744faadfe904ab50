// LangChain's agent, with its models of each API, set to the gateway as their reference says.

import { ChatAnthropic } from '@langchain/anthropic';
import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AIMessage, type BaseMessage, type UsageMetadata } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatGoogleGenerativeAI } from '@langchain/google-genai';
import { ChatOpenAI } from '@langchain/openai';
import { createAgent } from 'langchain';
import type { Connection, Tool } from '../driver';
import { type Framework, sum, wherePossible } from '../loops';

type ModelOf = (connection: Connection, model: string, think: boolean) => BaseChatModel;

const withModel = (
  name: string,
  modelOf: ModelOf,
  traits: Pick<Framework, 'keepsThoughts' | 'miscounts' | 'onlyOneCall'>,
): Framework => ({
  name: `LangChain, ${name}`,
  ...traits,
  open: (connection) => ({
    async play(id, prompt, tools, { stream, think }) {
      const agent = createAgent({ model: modelOf(connection, id, think), tools: tools.map(toolOf) });
      const input = { messages: [{ role: 'user' as const, content: prompt }] };
      let messages: BaseMessage[] = [];
      if (stream) {
        // With messages asked for, it streams from the model too.
        for await (const [mode, part] of await agent.stream(input, { streamMode: ['messages', 'values'] }))
          if (mode === 'values') ({ messages } = part as { messages: BaseMessage[] });
      } else ({ messages } = await agent.invoke(input));
      const answers = messages.filter((message): message is AIMessage => message instanceof AIMessage);
      return {
        text: answers.at(-1)?.text ?? '',
        calls: answers.flatMap(({ tool_calls: calls = [] }) => calls.map(({ name, args }) => ({ name, args }))),
        usage: {
          input: total(answers, 'input_tokens'),
          output: total(answers, 'output_tokens'),
        },
      };
    },
  }),
});

export const langchain: Readonly<Record<string, Framework>> = {
  openaiChat: withModel(
    'ChatOpenAI, chat',
    ({ url, key }, model, think) =>
      new ChatOpenAI({
        model,
        apiKey: key,
        maxRetries: 0,
        configuration: { baseURL: `${url}/v1` },
        useResponsesApi: false,
        ...(think && { reasoning: { effort: 'low' } }),
      }),
    { keepsThoughts: () => false },
  ),
  openaiResponses: withModel(
    'ChatOpenAI, responses',
    ({ url, key }, model, think) =>
      new ChatOpenAI({
        model,
        apiKey: key,
        maxRetries: 0,
        configuration: { baseURL: `${url}/v1` },
        useResponsesApi: true,
        zdrEnabled: true, // it keeps the history itself, sealed thoughts and all
        modelKwargs: {
          include: ['reasoning.encrypted_content'],
          ...(think && { reasoning: { effort: 'low', summary: 'auto' } }), // its own field is for OpenAI's models only
        },
      }),
    { keepsThoughts: wherePossible },
  ),
  anthropic: withModel(
    'ChatAnthropic',
    ({ url, key }, model, think) =>
      new ChatAnthropic({
        model,
        apiKey: key,
        maxRetries: 0,
        anthropicApiUrl: `${url}/anthropic`,
        ...(think && { thinking: { type: 'adaptive', display: 'summarized' } }),
      }),
    {
      keepsThoughts: wherePossible,
      // Of a stream it takes the input from `message_start`, where only Anthropic knows it yet, and adds the output that
      // stands there (Anthropic's 1) to the last one, which includes it.
      miscounts: (turns, { provider }, stream) => ({
        input: stream && provider !== 'anthropic' ? 0 : sum(turns, 'input'),
        output: sum(turns, 'output') + (stream && provider === 'anthropic' ? turns.length : 0),
      }),
    },
  ),
  google: withModel(
    'ChatGoogleGenerativeAI',
    ({ url, key }, model, think) =>
      new ChatGoogleGenerativeAI({
        model,
        apiKey: key,
        maxRetries: 0,
        baseUrl: url,
        ...(think && { thinkingConfig: { includeThoughts: true, thinkingLevel: 'LOW' } }),
      }),
    {
      // Of a stream it keeps the signatures of calls, and no others.
      keepsThoughts: (upstream, stream) => wherePossible(upstream) && (!stream || upstream.provider === 'google'),
      // It counts candidates only, which are without thoughts.
      miscounts: (turns) => ({ input: sum(turns, 'input'), output: sum(turns, 'output') - sum(turns, 'reasoning') }),
      // It puts a signature of its own under the second call, which Google takes and its simulator cannot know.
      onlyOneCall: ({ provider }) => provider === 'google',
    },
  ),
};

// ---

const toolOf = ({ name, description, schema, run }: Tool) =>
  tool((args: unknown) => run(args), { name, description, schema: schema });

const total = (answers: readonly AIMessage[], of: 'input_tokens' | 'output_tokens') =>
  answers.reduce((sum, { usage_metadata: usage }) => sum + ((usage as UsageMetadata | undefined)?.[of] ?? NaN), 0);
