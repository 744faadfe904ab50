// Streams that no honest provider sends: they end with an error in the client's own dialect, and nothing else of the gateway
// suffers; what is merely odd is read as its specification says.

import fc from 'fast-check';
import { streamAnswer, streamOf, streamParts, formats, otherFormat, useRouteScene } from '../support/routeScene';
import { fieldsFor } from '../support/routeScene';

const scene = useRouteScene('limits: {event_bytes: 65536, silence_ms: 1000}\n');

const settled = async (count: number) => {
  while (scene.gateway.requests.length < count) await new Promise((resolve) => setImmediate(resolve));
  return scene.gateway.requests.at(-1)!;
};

describe.each(formats.flatMap((kind) => [kind, otherFormat(kind)].map((client) => ({ kind, client }))))(
  '$kind to a $client client',
  ({ kind, client }) => {
    const ask = () => scene.ask(client, `a-${kind}/m`, true, client === kind ? {} : fieldsFor(kind));
    const { preamble, content, end } = streamParts(kind, 'hello');

    test.each([
      ['that never ends', `data: {"x":"${'x'.repeat(100_000)}`],
      ['of many lines', 'data: x\n'.repeat(20_000)],
      ['of names only', 'event: x\n'.repeat(20_000)],
      ['of comments in one', ': x\n'.repeat(40_000)],
    ])('an event %s is cut at the limit [E8]', async (_name, event) => {
      scene.a.answer = async (_call, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.on('error', () => undefined);
        response.write(preamble + content);
        for (let at = 0; at < event.length && !response.destroyed; at += 8_192) {
          response.write(event.slice(at, at + 8_192));
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const text = await (await ask()).text();
      expect(text).toContain('hello');
      expect(text).toMatch(/larger than 65536 bytes|"error"/);
      expect(await settled(1)).toMatchObject({ outcome: 'upstream_died', failure: { code: 'upstream_garbage' } });
    });

    test('silence in the middle is an error [F3]', async () => {
      let closed: Promise<unknown> | undefined;
      scene.a.answer = (call, response) => {
        ({ closed } = call);
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(preamble + content);
      };
      const text = await (await ask()).text();
      expect(text).toContain('hello');
      expect(text).toContain('error');
      expect(await settled(1)).toMatchObject({ failure: { code: 'upstream_timeout' } });
      expect(await closed).toBe('gone');
    });

    test('a byte order mark, comments, unknown fields and blank lines change nothing [E8]', async () => {
      scene.a.answer = streamAnswer(streamOf(kind, 'hello'));
      const plain = await (await ask()).text();
      expect(plain).toContain('hello');
      const odd = `: hi\n\n\nretry: 7\n\nid: 1\n: x\nfoo: bar\n\n${preamble}\n\n\n: y\n\n${content}:\n\n${end}`;
      scene.a.answer = streamAnswer(odd, 11);
      const text = await (await ask()).text();
      expect(text).toContain('hello');
      expect((await settled(2)).outcome).toBe('ok');
    });
  },
);

test.each(formats)(
  '%s: no bytes end anything but their own stream [E8]',
  async (kind) => {
    const { preamble, content, end } = streamParts(kind, 'hello');
    const junk = fc.array(
    fc.oneof(
      fc.constantFrom('data: ', 'data:', 'event: ', '\n', '\r', '\r\n', '\n\n', '\0', '\uFEFF', '{', '}', '[]', '"', 'null', '[DONE]', ': ', '{"choices":7}', '{"candidates":[null]}', '{"type":7}', '{"error":null}', '{"usage":"x"}'),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 30 },
  ); // prettier-ignore
    let count = 0;
    await fc.assert(
      fc.asyncProperty(junk, fc.integer({ min: 1, max: 40 }), fc.boolean(), async (parts, slice, whole) => {
        scene.a.answer = streamAnswer(
          preamble + (whole ? content : '') + parts.join('') + (whole ? `\n\n${end}` : ''),
          slice,
        );
        for (const client of [kind, otherFormat(kind)]) {
          const answer = await scene.ask(client, `a-${kind}/m`, true, client === kind ? {} : fieldsFor(kind));
          await answer.text();
          const { failure } = await settled(++count);
          expect((failure as { code?: string } | undefined)?.code).not.toBe('internal');
          expect(scene.gateway.lines.filter((line) => line.kind === 'error')).toEqual([]);
        }
      }),
      { numRuns: 40 },
    );
  },
  60_000,
);
