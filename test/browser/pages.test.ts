// A page in a real browser that calls the gateway from another origin: one that may, and others that may not.

import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { masterKey } from '../support/gateway';
import { describeIf } from '../support/shared';
import { say, type Scene, startScene } from '../support/sim';
import { browserProgram, launchBrowser, type PageServer, servePage } from './browser';

const program = browserProgram();
const chat = '/v1/chat/completions';
const hi = { model: 'gpt-5.5', messages: say('hi') };

/** What a page got, as far as its browser let it see. */
interface Seen {
  readonly error?: string;
  readonly status?: number;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls from within a page. */
function call(page: Page, url: string, init: object = {}): Promise<Seen> {
  return page.evaluate(
    async ([to, options]) => {
      try {
        const answer = await fetch(to, options);
        return { status: answer.status, text: await answer.text(), headers: Object.fromEntries([...answer.headers]) };
      } catch (error) {
        return { error: String(error) };
      }
    },
    [url, init] as const,
  );
}

describeIf(program !== undefined)('a page', () => {
  let scene: Scene;
  let key: string;
  let browser: Browser;
  let server: PageServer;
  let page: Page;
  const config = (http: object) => `http: ${JSON.stringify(http)}\n`;
  const originOf = (name: string) => `http://${name}.page.test:${server.port}`;
  const post = (body: object, headers: object = {}) => ({
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${key}`,
      'x-stainless-os': 'Linux',
      ...headers,
    },
    body: JSON.stringify(body),
  });

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: [join(__dirname, 'sdks.js')],
      bundle: true,
      platform: 'browser',
      format: 'iife',
      write: false,
    });
    server = await servePage(outputFiles[0]!.text);
    browser = await launchBrowser(program!);
    scene = await startScene(config({ cors_origins: [originOf('friend')] }));
    key = await scene.gateway.mint();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
    await scene.close();
  });
  beforeEach(async () => {
    scene.simulators.reset();
    page = await browser.newPage();
  });
  afterEach(() => page.close());

  describe('of an origin that may', () => {
    beforeEach(() => page.goto(originOf('friend')));

    test('gets an answer, and sees the headers of the gateway', async () => {
      const seen = await call(page, scene.gateway.url + chat, post(hi));
      expect(seen).toMatchObject({
        status: 200,
        headers: {
          'x-ovth-route': expect.stringContaining('openai/gpt-5.5'),
          'x-request-id': expect.stringMatching(/^req_/),
        },
      });
      expect(JSON.parse(seen.text!)).toHaveProperty('choices');
    });

    test('gets a stream as it comes', async () => {
      // The model goes on only when the page has read its first words.
      await page.exposeFunction('goOn', () => scene.simulators.release('page'));
      const messages = say('[[sim: chunks=20 hold=page hold_after=5]] hi');
      const [before, after] = await page.evaluate(
        async ([url, init]) => {
          const answer = await fetch(url, init);
          const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
          let text = '';
          while (!text.includes('"content"')) text += (await reader.read()).value ?? '';
          const first = text;
          await (globalThis as unknown as { goOn(): Promise<void> }).goOn();
          for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += piece.value;
          return [first, text] as const;
        },
        [scene.gateway.url + chat, post({ ...hi, stream: true, messages })] as const,
      );
      expect(before).not.toContain('[DONE]');
      expect(after).toContain('[DONE]');
    });

    test('reads why it is refused, and which base URL it needs', async () => {
      const wrong = await call(page, scene.gateway.url + chat, post(hi, { authorization: 'Bearer ovth_live_wrong' }));
      expect(wrong).toMatchObject({ status: 401, text: expect.stringContaining('Incorrect API key') });
      const elsewhere = await call(page, `${scene.gateway.url}/openai/v1/chat/completions`, post(hi));
      expect(elsewhere).toMatchObject({ status: 404, text: expect.stringContaining('base URL') });
    });

    test('lists the models without a key', async () => {
      expect(await call(page, `${scene.gateway.url}/v1/models`)).toMatchObject({ status: 200 });
    });

    test('uses the official SDKs', async () => {
      const said = await page.evaluate(
        async ([url, apiKey]) => {
          // eslint-disable-next-line @typescript-eslint/no-explicit-any
          const { Anthropic, OpenAI } = (globalThis as any).sdks;
          const messages = [{ role: 'user', content: 'hi' }];
          const openai = new OpenAI({ apiKey, baseURL: `${url}/v1`, dangerouslyAllowBrowser: true, maxRetries: 0 });
          const stream = await openai.chat.completions.create({ model: 'claude-opus-4.7', messages, stream: true });
          let streamed = '';
          for await (const chunk of stream) streamed += chunk.choices[0]?.delta?.content ?? '';
          const anthropic = new Anthropic({
            apiKey,
            baseURL: `${url}/anthropic`,
            dangerouslyAllowBrowser: true,
            maxRetries: 0,
          });
          const message = await anthropic.messages.create({ model: 'gpt-5.5', max_tokens: 50, messages });
          const failure = await openai.chat.completions
            .create({ model: 'nothing-like-it', messages })
            .catch((error: { status: number }) => String(error.status));
          return [streamed, message.content[0].text, failure] as string[];
        },
        [scene.gateway.url, key] as const,
      );
      expect(said).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/), '404']);
    });

    test('has nothing to look for in the administration', async () => {
      for (const path of ['/admin/keys', '/%61dmin/keys']) {
        const asked = await call(page, scene.gateway.url + path, { headers: { authorization: `Bearer ${masterKey}` } });
        const minted = await call(page, scene.gateway.url + path, {
          method: 'POST',
          headers: { authorization: `Bearer ${masterKey}`, 'content-type': 'application/json' },
          body: '{"label":"stolen"}',
        });
        expect([asked, minted]).toEqual([
          { error: expect.stringContaining('Failed to fetch') },
          { error: expect.stringContaining('Failed to fetch') },
        ]);
      }
      const { body } = await scene.gateway.admin('GET', '/admin/keys');
      expect(JSON.stringify(body)).not.toContain('stolen');
    });
  });

  test('of another origin gets nothing, and nothing is sent for it', async () => {
    await page.goto(originOf('stranger'));
    expect(await call(page, scene.gateway.url + chat, post(hi))).toEqual({
      error: expect.stringContaining('Failed to fetch'),
    });
    expect(await call(page, `${scene.gateway.url}/v1/models`)).toEqual({
      error: expect.stringContaining('Failed to fetch'),
    });
    expect(scene.simulators.openai.calls.length).toBe(0);
  });

  // The name of the page leads to this machine, so that its browser takes the gateway for a part of the page's own origin.
  test('whose own name leads to the gateway is refused by that name', async () => {
    const guarded = await startScene(config({ hosts: ['gateway.example'], cors_origins: ['*'] }));
    try {
      const own = await guarded.gateway.mint();
      const rebound = guarded.gateway.url.replace('127.0.0.1', 'rebound.page.test');
      await page.goto(`${rebound}/livez`);
      const init = { method: 'POST', headers: { authorization: `Bearer ${own}` }, body: JSON.stringify(hi) };
      expect(await call(page, chat, init)).toMatchObject({ status: 421 });
      expect(guarded.simulators.openai.calls.length).toBe(0);
    } finally {
      await guarded.close();
    }
  });

  test('of any origin may where all may', async () => {
    const open = await startScene(config({ cors_origins: ['*'] }));
    try {
      const own = await open.gateway.mint();
      await page.goto(originOf('stranger'));
      const seen = await call(page, open.gateway.url + chat, post(hi, { authorization: `Bearer ${own}` }));
      expect(seen).toMatchObject({ status: 200, headers: { 'x-ovth-route': expect.stringContaining('gpt-5.5') } });
    } finally {
      await open.close();
    }
  });
});
