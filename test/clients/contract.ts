// What an SDK may expect of the gateway, whoever answers behind it. Each SDK runs all of it.

import { type Upstream, upstreams } from '../support/upstreams';
import { type Client, type Driver } from './driver';
import { type Scene, startScene } from './scene';
import { question, sealsIn, tools, wanted } from './toolQuestion';

/** Declares the tests of one SDK. */
export function declareContract(driver: Driver): void {
  let scene: Scene;
  let client: Client;
  beforeAll(async () => {
    scene = await startScene();
    client = driver.open({ url: scene.gateway.url, key: scene.key, retries: 0 });
  });
  afterAll(() => scene.close());
  beforeEach(() => scene.reset());

  describe.each(upstreams)(`${driver.name} → $model`, (upstream) => {
    const { model } = upstream;

    test.each([false, true])('tells, with its usage (stream: %s)', async (stream) => {
      const told = await client.tell(model, 'Good morning, in 40 words', { stream, system: 'Be kind' });
      const [call] = await scene.simulator(upstream).waitForCalls(1);
      expect(told.text).toContain('Good morning');
      expect(told.text.split(' ')).toHaveLength(40);
      expect(told.pieces.join('')).toBe(told.text);
      expect(told.pieces.length > 1).toBe(stream);
      expect(told.usage).toEqual({ input: call?.usage?.input, output: call?.usage?.output });
      expect(told.reason).toMatch(/^(stop|completed|end_turn)$/i);
    });

    test.each([false, true])('plays a loop of parallel tools, one without arguments (stream: %s)', async (stream) => {
      const played = await client.play(model, question, tools, { stream, think: false });
      expect(played.calls).toEqual(wanted);
      expect(played.text).toContain('"rain in Paris"');
      expect(played.text).toContain('"noon"');
      expect(statuses(scene, upstream)).toEqual([200, 200]);
    });

    // A host of one's own gets the body as it is; this one refuses what it does not know.
    const isRefused = upstream.own === true && driver.fieldsOfItsOwn === true;
    const thinks = async (stream: boolean) => {
      const played = await client.play(model, question, tools, { stream, think: true });
      expect(played.calls).toEqual(wanted);
      expect(played.text).toContain('"noon"');
      const [first, second] = scene.simulator(upstream).calls;
      const made = sealsIn(first!.answer.toString());
      expect(made.length > 0).toBe(sealing(driver, upstream));
      const body = second!.body.toString();
      for (const seal of made) expect(body).toContain(seal);
      if (shown(driver, upstream)) expect(played.thoughts).toContain('The user says');
    };
    const isToldSo = async (stream: boolean) => {
      await expect(client.play(model, question, tools, { stream, think: true })).rejects.toThrow('reasoning');
    };
    if (isRefused) test.each([false, true])('is refused what makes it think (stream: %s)', isToldSo);
    else test.each([false, true])('thinks, and goes on with its thoughts after the tools (stream: %s)', thinks);

    test('answers in a schema', async () => {
      expect(await client.shape(model, 'Oslo has 3 hills', schema)).toEqual({
        city: expect.any(String),
        hills: expect.any(Number),
        kind: expect.stringMatching(/^(town|village)$/),
      });
    });

    test('looks at a picture', async () => {
      const told = await client.tell(model, 'What is this?', { stream: false, image: picture });
      expect(told.text).toContain('What is this?');
      expect(scene.simulator(upstream).calls[0]?.body.toString()).toContain(picture);
    });

    describe('raises', () => {
      const raise = async (work: Promise<unknown>) =>
        driver.raised(
          await work.then(
            (value: unknown) => Promise.reject(new Error(`nothing was raised: ${JSON.stringify(value)}`)),
            (error: unknown) => error,
          ),
        );
      const tell = (stream: boolean, key = scene.key, name = model) =>
        raise(driver.open({ url: scene.gateway.url, key, retries: 0 }).tell(name, 'hi', { stream }));

      test.each([false, true])('a wrong key (stream: %s)', async (stream) => {
        const raised = await tell(stream, 'sk-wrong');
        expect(raised).toMatchObject({ own: true, status: 401 });
        if (driver.classOf) expect(raised.error).toBeInstanceOf(driver.classOf(401));
      });

      test('an unknown model', async () => {
        const raised = await tell(false, scene.key, `${model.replace(/[/-].*/, '')}-no-such`);
        expect(raised).toMatchObject({ own: true, status: 404, message: expect.stringContaining('no-such') });
        if (driver.classOf) expect(raised.error).toBeInstanceOf(driver.classOf(404));
      });

      test.each<[string, Fault, number[], RegExp]>([
        ['what the provider refuses', { status: 400 }, [400], /./],
        ['a provider without room', { status: 503 }, [500, 503, 529], /./],
        ['a provider’s rate limit', { status: 429 }, [429], /./],
        ['a prompt that is too long', { tooLong: true }, [400, 413], tooLong[driver.format]],
      ])('%s', async (_, fault, allowed, message) => {
        scene.simulator(upstream).always(fault);
        for (const stream of [false, true]) {
          const raised = await tell(stream);
          expect(raised).toMatchObject({ own: true, message: expect.stringMatching(message) });
          expect(allowed).toContain(raised.status);
          if (driver.classOf) expect(raised.error).toBeInstanceOf(driver.classOf(raised.status!));
        }
      });

      test('an empty quota, once', async () => {
        const key = await scene.gateway.mint({ label: 'poor', quota: { daily_tokens: 1 } });
        const before = scene.gateway.lines.length;
        const patient = driver.open({ url: scene.gateway.url, key, ...(driver.obeysNoRetry ? {} : { retries: 0 }) });
        const raised = await raise(patient.tell(model, 'hi', { stream: false }));
        expect(raised).toMatchObject({ own: true, status: 429, message: expect.stringContaining('quota') });
        expect(scene.gateway.lines.slice(before).filter(({ kind }) => kind !== 'info')).toHaveLength(1);
        expect(scene.simulator(upstream).calls).toHaveLength(0);
      });

      test.each<[string, Fault]>([
        ['an answer cut in its middle', { cutAfter: 3, chunks: 8 }],
        ['an error in the middle of an answer', { errorAfter: 3, chunks: 8 }],
        ['an error in its first event', { errorAfter: 1 }],
      ])('%s', async (_, fault) => {
        scene.simulator(upstream).always(fault);
        const raised = await tell(true);
        expect(raised.message).not.toContain('nothing was raised');
      });
    });
  });
}

// ---

type Fault = Parameters<ReturnType<Scene['simulator']>['always']>[0];

const schema = {
  type: 'object',
  properties: {
    city: { type: 'string' },
    hills: { type: 'integer' },
    kind: { type: 'string', enum: ['town', 'village'] },
  },
  required: ['city', 'hills', 'kind'],
  additionalProperties: false,
};

/** One pixel. */
const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** The words by which clients of a format know that they have to shorten their conversation. */
const tooLong = {
  chat: /context_length_exceeded|maximum context length/,
  responses: /context_length_exceeded|context window/,
  messages: /prompt is too long/,
  generate: /exceeds the maximum number of tokens/,
} as const;

// OpenAI's chat has no seals, and is what a client of that format and a plain host speak; but for OpenRouter's, whose request
// is written anew, with tools and an effort for Responses.
const sealing = ({ format, fieldsOfItsOwn }: Driver, { provider, own }: Upstream) =>
  own !== true && (provider !== 'openai' || format !== 'chat' || fieldsOfItsOwn === true);

// OpenAI shows what was thought on request, in Responses alone; a plain host does not think.
const shown = (driver: Driver, upstream: Upstream) => sealing(driver, upstream) && driver.readsThoughts !== false;

const statuses = (scene: Scene, upstream: Upstream) => scene.simulator(upstream).calls.map(({ status }) => status);
