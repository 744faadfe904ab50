// What is looked for in the bytes of a body is looked for within bounds: parsing megabytes for one field would hold everybody up.

import { formDemands, inspect } from '../../gateway/src/pipeline/inspect';
import { defaultLimits } from '../../config/limits';
import { hasPlainImages } from '../../gateway/src/wire/sanitizePassthrough';

const MiB = 1024 * 1024;
describe('the last turn’s role', () => {
  const last = (content: string) => ({
    model: 'm',
    max_tokens: 9,
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content },
    ],
  });
  const demanded = async (body: object) => {
    const bytes = Buffer.from(JSON.stringify(body));
    const facts = await inspect('messages', bytes, defaultLimits, undefined);
    return formDemands(facts, bytes).list.map(({ kind }) => kind);
  };

  test('is read of a turn of ordinary size, and of no turn above a megabyte', async () => {
    expect(await demanded(last('It is'))).toEqual(['prefill']);
    expect(await demanded(last('x'.repeat(MiB - 100)))).toEqual(['prefill']);
    expect(await demanded(last('x'.repeat(MiB)))).toEqual([]);
  });
});

describe('a web search', () => {
  const tools = (description: string) => ({
    model: 'm',
    max_tokens: 9,
    messages: [{ role: 'user', content: 'hi' }],
    tools: [
      { type: 'web_search_20250305', name: 'web_search' },
      { name: 'f', description, input_schema: { type: 'object' } },
    ],
  });
  const needed = async (body: object) =>
    (await inspect('messages', Buffer.from(JSON.stringify(body)), defaultLimits, undefined)).needs.capabilities;

  test('is seen among tools of ordinary size, and tools above a megabyte are not parsed for it', async () => {
    expect(await needed(tools('x'))).toContain('web_search');
    expect(await needed(tools('x'.repeat(MiB)))).not.toContain('web_search');
  });
});

describe('images given by their URL alone', () => {
  const body = (images: readonly string[]) => {
    const content = images.map((image) => `{"type":"image_url","image_url"${image}}`).join(',');
    return Buffer.from(`{"model":"m","messages":[{"role":"user","content":[${content}]}]}`);
  };

  test('are told from objects by the sixteen bytes behind a key, of a thousand keys', () => {
    expect(hasPlainImages('chat', body([':"u"']))).toBe(true);
    expect(hasPlainImages('chat', body([':{"url":"u"}']))).toBe(false);
    expect(hasPlainImages('chat', body([`${' '.repeat(20)}:"u"`]))).toBe(false);
    expect(hasPlainImages('chat', body(Array<string>(499).fill(':{"url":"u"}')))).toBe(false);
    expect(hasPlainImages('chat', body(Array<string>(1_001).fill(':{"url":"u"}')))).toBe(true); // it is looked at whole
  });
});
