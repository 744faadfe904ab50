// The question that every client is asked to call tools for, and what comes of it.

import type { Tool } from './driver';

/** Calls two tools at once, one of them without arguments. */
export const question = 'Use get_weather for Paris, and use get_time';

/** What may be called. */
export const tools: readonly Tool[] = [
  {
    name: 'get_weather',
    description: 'The weather of a city',
    schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    run: (args) => `rain in ${(args as { city: string }).city}`,
  },
  { name: 'get_time', description: 'The time', schema: { type: 'object', properties: {} }, run: () => 'noon' },
];

/** The calls that the question leads to. */
export const wanted = [
  { name: 'get_weather', args: { city: 'Paris' } },
  { name: 'get_time', args: {} },
];

/** The sealed thoughts in the text of an answer, each once. */
export const sealsIn = (answer: string) => [
  ...new Set(
    [...answer.matchAll(/"(?:signature|encrypted_content|thoughtSignature)": ?"([^"]+)"/g)].map(([, seal]) => seal!),
  ),
];
