// Where a stream is cut: not before what it wrote has passed the quota, and not past it by more than one extension, in every
// format and translated.

import type { ServerResponse } from 'node:http';
import type { FakeCall } from '../support/fakeUpstream';
import { fieldsFor, formats, otherFormat, streamParts, useRouteScene } from '../support/routeScene';
import type { Kind } from '../support/translation';

const extension = 50;
const scene = useRouteScene(`quota: {default_output_tokens: ${extension}}\n`);

/** Ten tokens. */
const words = ' word'.repeat(10);
const wordsIn = (text: string) => text.match(/\bword\b/g)?.length ?? 0;

/** Writes events of ten words, each when the client has the one before, and ends if it may write so many. */
function lockstep(kind: Kind, most: number) {
  let wake: () => void = () => undefined;
  let got = 0;
  const written = { words: 0 };
  const answer = async (_call: FakeCall, response: ServerResponse) => {
    const { preamble, content } = streamParts(kind, words);
    const { end } = streamParts(kind, 'x'); // Responses tell the whole text once more
    const delta = `${content.split('\n\n').at(-2)}\n\n`;
    let open = true;
    response.once('close', () => {
      open = false;
      wake();
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(preamble);
    while (open && written.words < most) {
      response.write(written.words === 0 ? content : delta);
      written.words += 10;
      while (open && got < written.words) await new Promise<void>((resolve) => (wake = resolve));
    }
    if (open) response.end(end);
  };
  const read = async (response: Response): Promise<string> => {
    let text = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString('latin1');
      got = wordsIn(text);
      wake();
    }
    return text;
  };
  return { answer, read, written };
}

describe.each(formats.flatMap((kind) => [kind, otherFormat(kind)].map((client) => ({ kind, client }))))(
  'a stream of $kind to a client of $client',
  ({ kind, client }) => {
    // A maximum is held from the beginning: this provider does not keep to it.
    const more = { ...(client === kind ? {} : fieldsFor(kind)), ...(client === 'messages' ? { max_tokens: 100 } : {}) };
    const ask = async (key: string, most: number) => {
      const stream = lockstep(kind, most);
      scene.a.answer = stream.answer;
      const answer = await scene.ask(client, `a-${kind}/m`, true, more, key);
      const text = await stream.read(answer);
      expect(answer.status).toBe(200);
      return { text, row: await scene.lastRow(), words: wordsIn(text), written: stream.written.words };
    };

    test('is cut within one extension of its quota, and not before', async () => {
      const free = await ask(scene.key, 10);
      expect(free.row).toMatchObject({ outcome: 'ok', wire_out: kind });
      const left = 500;
      const mint = (label: string) =>
        scene.gateway.mint({ label, quota: { daily_tokens: (free.row.input_estimate as number) + left } });

      const whole = await ask(await mint('within'), left - 10);
      expect([whole.words, whole.row.outcome]).toEqual([left - 10, 'ok']);

      const cut = await ask(await mint('beyond'), 4 * left);
      expect(cut.row).toMatchObject({ outcome: 'over_quota', estimated: true });
      expect(cut.text).toContain('The quota was used up');
      expect(cut.written).toBeGreaterThanOrEqual(left);
      for (const passed of [cut.words, cut.row.output]) {
        expect(passed).toBeGreaterThanOrEqual(left - 10);
        expect(passed).toBeLessThanOrEqual(left + extension);
      }
    });
  },
);
