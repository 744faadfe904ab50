// Media where only words may stand: in the system prompt, and in what the model has said. And bytes as clients write them.

import { setTimeout } from 'node:timers/promises';
import type { Json } from '../../gateway/src/wire/jsonObject';
import type { Format } from '../../gateway/src/wire/neutral';
import { formats } from './recorded';
import { translated } from './translated';

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC';
const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } };
const notes = { type: 'file', file: { filename: 'a.txt', file_data: `data:text/plain;base64,${btoa('my notes')}` } };
const pdf = { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${btoa('%PDF-1.4')}` } };
const hi = { role: 'user', content: 'Hi' };
const to = (format: Format, ...messages: Json[]) => translated('chat', format, { model: 'm', messages });

describe.each(formats.filter((format) => format !== 'chat'))('to %s', (format) => {
  test.each([
    ['the system prompt', [{ role: 'system', content: [image, notes, pdf, { type: 'text', text: 'Be kind' }] }, hi]],
    [
      'a system message in mid-conversation',
      [
        hi,
        { role: 'assistant', content: 'Yes' },
        { role: 'system', content: [image, notes, pdf, { type: 'text', text: 'Be kind' }] },
        hi,
      ],
    ],
  ])('%s holds words, and names what it lost', (_where, messages) => {
    const { text, dropped } = to(format, ...messages);
    expect(dropped).toEqual(['image', 'document']);
    expect(text).toContain('Be kind');
    expect(text).toContain('my notes');
    expect(text).not.toMatch(/undefined|iVBOR|JVBER/);
  });

  test('a system prompt of nothing but an image is left out, and named', () => {
    const { text, dropped } = to(format, { role: 'system', content: [image] }, hi);
    expect([dropped, text.includes('undefined')]).toEqual([['image'], false]);
    const between = to(format, hi, { role: 'system', content: [image] }, hi);
    expect([between.dropped, between.text.includes('<system>')]).toEqual([['image'], false]);
  });

  test('what the model has made is left out, and named, but for Google', () => {
    const { text, dropped } = to(format, hi, { role: 'assistant', content: [{ type: 'text', text: 'Look' }, image, notes] }, { role: 'user', content: 'And now?' }); // prettier-ignore
    expect(dropped).toEqual(format === 'generate' ? [] : ['image']);
    expect(text.includes('iVBOR')).toBe(format === 'generate');
    if (format !== 'generate') expect(text).toContain('my notes');
    expect(text).toContain('Look');
  });
});

describe.each(['chat', 'responses', 'messages'] as const)('to %s, of Google’s', (format) => {
  const inlineData = { mimeType: 'image/png', data: png };
  const said = (text: string) => ({ role: 'user', parts: [{ text }] });
  const model = (...parts: Json[]) => ({ role: 'model', parts });
  test.each([
    ['a turn of nothing but an image', { contents: [said('Draw'), model({ inlineData }), said('Why?')] }],
    ['a signed one', { contents: [said('Draw'), model({ inlineData, thoughtSignature: 'abcd' }), said('Why?')] }],
    ['one beside nothing', { contents: [said('Draw'), model({ text: '' }, { inlineData }), said('Why?')] }],
    ['two in a row', { contents: [said('Draw'), model({ inlineData }), model({ inlineData }), said('Why?')] }],
    ['a system prompt', { systemInstruction: { parts: [{ inlineData }] }, contents: [said('Draw'), said('Why?')] }],
  ])('%s is left out, and named', (_what, asked) => {
    const { body, text, dropped } = translated('generate', format, asked);
    const turns = (body['messages'] ?? body['input']) as Json[];
    expect(dropped).toContain('image');
    expect(new Set(turns.map(({ role }) => role))).toEqual(new Set(['user']));
    expect(text).toMatch(/Draw.*Why\?/);
    expect([body['system'], body['instructions'], text.includes('""')]).toEqual([undefined, undefined, false]);
  });

  test('a conversation of nothing else holds none either', () => {
    const made = () => translated('generate', format, { contents: [model({ inlineData })] });
    if (format === 'messages') return expect(made).toThrow(expect.objectContaining({ code: 'cannot_translate', field: 'messages' }) as Error); // prettier-ignore
    const { text, dropped } = made();
    expect([dropped, text.includes('iVBOR')]).toEqual([['image'], false]);
  });

  test('a call beside an image stays', () => {
    const call = { functionCall: { name: 'f', args: {} } };
    const result = { role: 'user', parts: [{ functionResponse: { name: 'f', response: { a: 1 } } }] };
    const { text } = translated('generate', format, { contents: [said('Draw'), model({ inlineData }, call), result] });
    expect(text).toMatch(/"f"/);
  });
});

test('an image of Google’s in the history of a client of its own, to Claude', () => {
  const parts = [{ text: 'Here' }, { inlineData: { mimeType: 'image/png', data: png } }];
  const contents = [
    { role: 'user', parts: [{ text: 'Draw' }] },
    { role: 'model', parts },
    { role: 'user', parts: [{ text: 'Why?' }] },
  ];
  const { body, dropped } = translated('generate', 'messages', { contents });
  expect([body['messages'], dropped]).toEqual([
    [
      { role: 'user', content: 'Draw' },
      { role: 'assistant', content: 'Here' },
      { role: 'user', content: 'Why?' },
    ],
    ['image'],
  ]);
});

test('marks and foreign parts of a system message in mid-conversation are named where it becomes the user’s', () => {
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Yes' },
    { role: 'system', content: [{ type: 'text', text: 'Be kind', cache_control: { type: 'ephemeral' } }] },
    { role: 'user', content: 'So?' },
  ];
  expect(translated('messages', 'generate', { model: 'm', max_tokens: 9, messages }).dropped).toEqual([
    'cache_control',
  ]);
});

describe('bytes', () => {
  const shown = (url: string, format: Format) =>
    to(format, { role: 'user', content: [{ type: 'image_url', image_url: { url } }] });

  test.each(['responses', 'messages', 'generate'] as const)('in other spellings are the same to %s', (format) => {
    const spellings = [
      png.replace(/\+/g, '-').replace(/\//g, '_'),
      png.replace(/.{20}/g, '$&\n'),
      png.replace(/=/g, ''),
    ];
    const asIs = shown(`data:image/png;base64,${png}`, format);
    expect(asIs.repaired).toEqual([]);
    for (const data of spellings) expect(shown(`data:image/png;base64,${data}`, format).body).toEqual(asIs.body);
  });

  test.each(['hello world', 'a', 'aGVsb', 'héllo', '=', 'aG=sbG8', 'aGVs bG8'])(
    'that are none stay as they are: %s',
    (data) => {
      const { repaired, text } = shown(`data:image/png;base64,${data}`, 'responses');
      expect(repaired).toEqual([]);
      expect(text).toContain(JSON.stringify(`data:image/png;base64,${data}`));
    },
  );

  // One character after another tried as the first of the padding took 8 s for 80 KB; jest's own limit holds here.
  test.each([
    ['padding', `${'='.repeat(200_000)}a-`],
    ['lines', `${'\n '.repeat(100_000)}a-`],
    ['spaces', `${' '.repeat(200_000)}a-`],
    ['spaces at the end', `a-${' '.repeat(200_000)}!`],
    ['signs of URLs', '-'.repeat(200_000)],
  ])('of nothing but %s take no longer than others', async (_what, data) => {
    shown(`data:image/png;base64,${data}`, 'messages');
    await setTimeout(1);
  });

  test('of a URL may be escaped, well or not', () => {
    const of = (rest: string) => JSON.stringify(shown(`data:text/plain,${rest}`, 'messages').body);
    expect(of('a%20b%C3%BC')).toContain('a bü');
    expect(of('100%')).toContain('100%');
    expect(of('%zz')).toContain('%zz');
    expect(
      JSON.stringify(shown(`data:image/png,${png.length > 0 ? '%89PNG%0D%0A%1A%0A' : ''}`, 'messages').body),
    ).toContain('iVBORw0KGgo=');
  });
});
