// The providers of the `ai` package, set to the gateway as their guides say.

import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { createOpenRouter } from '@openrouter/ai-sdk-provider';
import type { AiProvider } from './aiSdk';

export const aiProviders = {
  openaiChat: {
    name: '@ai-sdk/openai, chat',
    format: 'chat',
    model:
      ({ url, key }) =>
      (id) =>
        createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).chat(id),
    thinking: { openai: { reasoningEffort: 'low' } },
    readsThoughts: false,
  },
  openaiResponses: {
    name: '@ai-sdk/openai, responses',
    format: 'responses',
    model:
      ({ url, key }) =>
      (id) =>
        createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).responses(id),
    thinking: {
      openai: {
        reasoningEffort: 'low',
        reasoningSummary: 'auto',
        store: false,
        forceReasoning: true,
        include: ['reasoning.encrypted_content'],
      },
    },
  },
  anthropic: {
    name: '@ai-sdk/anthropic',
    format: 'messages',
    model: ({ url, key }) => createAnthropic({ baseURL: `${url}/anthropic/v1`, apiKey: key }),
    thinking: { anthropic: { thinking: { type: 'adaptive', display: 'summarized' } } },
  },
  google: {
    name: '@ai-sdk/google',
    format: 'generate',
    model: ({ url, key }) => createGoogle({ baseURL: `${url}/v1beta`, apiKey: key }),
    thinking: { google: { thinkingConfig: { includeThoughts: true, thinkingLevel: 'low' } } },
  },
  compatible: {
    name: '@ai-sdk/openai-compatible',
    format: 'chat',
    model: ({ url, key }) =>
      createOpenAICompatible({
        name: 'ovth',
        baseURL: `${url}/v1`,
        apiKey: key,
        includeUsage: true,
        supportsStructuredOutputs: true,
      }),
    thinking: { ovth: { reasoningEffort: 'low' } },
  },
  openrouter: {
    name: '@openrouter/ai-sdk-provider',
    format: 'chat',
    model:
      ({ url, key }) =>
      (id) =>
        createOpenRouter({ baseURL: `${url}/api/v1`, apiKey: key, compatibility: 'strict' }).chat(id),
    thinking: { openrouter: { reasoning: { effort: 'low' } } },
    fieldsOfItsOwn: true,
  },
} as const satisfies Record<string, AiProvider>;
