// The `@google/genai` package, its tool loop by hand.

import {
  ApiError,
  type Content,
  type GenerateContentResponse,
  GoogleGenAI,
  type Part,
  ThinkingLevel,
} from '@google/genai';
import { type Client, type Driver, toolNamed } from '../driver';

export const genai: Driver = {
  name: '@google/genai',
  format: 'generate',
  obeysNoRetry: true, // it retries only when told to
  raised: (error) => ({
    error,
    own: error instanceof ApiError,
    status: error instanceof ApiError ? error.status : undefined,
    message: String(error),
  }),
  open({ url, key }): Client {
    const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
    const ask = async (request: Parameters<typeof client.models.generateContent>[0], stream: boolean) => {
      const answers: GenerateContentResponse[] = [];
      if (stream) for await (const piece of await client.models.generateContentStream(request)) answers.push(piece);
      else answers.push(await client.models.generateContent(request));
      return answers;
    };
    return {
      async tell(model, prompt, { stream, image, system }) {
        const parts: Part[] = [{ text: prompt }];
        if (image !== undefined) parts.push({ inlineData: { mimeType: 'image/png', data: image } });
        const request = {
          model,
          contents: [{ role: 'user', parts }],
          ...(system !== undefined && { config: { systemInstruction: system } }),
        };
        const answers = await ask(request, stream);
        const pieces = answers.map(textOf).filter((text) => text !== '');
        const last = answers.at(-1);
        const usage = last?.usageMetadata;
        return {
          text: pieces.join(''),
          pieces,
          usage: {
            input: usage?.promptTokenCount,
            output: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
          },
          reason: last?.candidates?.[0]?.finishReason,
        };
      },
      async play(model, prompt, tools, { stream, think }) {
        const contents: Content[] = [{ role: 'user', parts: [{ text: prompt }] }];
        const functionDeclarations = tools.map(({ name, description, schema }) => ({
          name,
          description,
          parametersJsonSchema: schema,
        }));
        const config = {
          tools: [{ functionDeclarations }],
          ...(think && { thinkingConfig: { includeThoughts: true, thinkingLevel: ThinkingLevel.LOW } }),
        };
        const calls = [];
        let thoughts = '';
        for (;;) {
          const answers = await ask({ model, contents, config }, stream);
          const parts = answers.flatMap((answer) => answer.candidates?.[0]?.content?.parts ?? []);
          contents.push({ role: 'model', parts });
          const results: Part[] = [];
          for (const { thought, text, functionCall } of parts) {
            if (thought === true) thoughts += text ?? '';
            if (functionCall?.name === undefined) continue;
            const { id, name, args } = functionCall;
            calls.push({ name, args });
            const response = { output: toolNamed(tools, name).run(args) };
            results.push({ functionResponse: { name, response, ...(id !== undefined && { id }) } });
          }
          if (results.length === 0) return { text: answers.map(textOf).join(''), calls, thoughts };
          contents.push({ role: 'user', parts: results });
        }
      },
      async shape(model, prompt, schema) {
        const config = { responseMimeType: 'application/json', responseJsonSchema: schema };
        const answer = await client.models.generateContent({ model, contents: prompt, config });
        return JSON.parse(textOf(answer)) as unknown;
      },
    };
  },
};

// ---

// Its own `text` warns on the console about every other part.
const textOf = (answer: GenerateContentResponse) =>
  (answer.candidates?.[0]?.content?.parts ?? [])
    .map((part) => (part.thought === true ? '' : (part.text ?? '')))
    .join('');
