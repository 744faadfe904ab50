// The number of the error event behind what a client of Responses was sent: the next one, whatever was not sent any more.

import type { ServerResponse } from 'node:http';
import type { FakeCall } from '../support/fakeUpstream';
import { streamParts, useRouteScene } from '../support/routeScene';

const scene = useRouteScene('quota: {default_output_tokens: 50}\n');

const numbersIn = (text: string) => [...text.matchAll(/"sequence_number":(\d+)/g)].map(([, number]) => Number(number));
const words = 'word '.repeat(400).trim();

describe.each(['responses', 'chat'] as const)('a stream of %s', (kind) => {
  const { preamble, content } = streamParts(kind, words);
  const delta = `${content.split('\n\n').at(-2)}\n\n`.replace('"sequence_number":3', '"sequence_number":4');
  const ask = async (quota: number) => {
    const key = await scene.gateway.mint({ label: 'k', quota: { daily_tokens: quota } });
    const text = await (await scene.ask('responses', `a-${kind}/m`, true, {}, key)).text();
    return { text, row: await scene.lastRow() };
  };

  test('that a quota ends', async () => {
    scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(preamble + content);
      setTimeout(() => response.end(delta), 20);
    };
    const { row } = await ask(1_000_000);
    const { text } = await ask((row.input_estimate as number) + 200);
    expect(text).toContain('The quota was used up');
    expect(text.split(words)).toHaveLength(2);
    expect(numbersIn(text)).toEqual(numbersIn(text).map((_, i) => i));
  });

  test('that breaks off behind a comment', async () => {
    scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(preamble + content);
      setTimeout(() => response.end(': keep-alive\n\n'), 20);
    };
    const { text } = await ask(1_000_000);
    expect(text).toContain('"upstream_died"');
    expect(numbersIn(text).length).toBeGreaterThan(4);
    expect(numbersIn(text)).toEqual(numbersIn(text).map((_, i) => i));
  });
});
