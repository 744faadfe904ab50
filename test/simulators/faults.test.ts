// Each fault of the instruction table, asked for in the prompt, by header and by program.
import { call, open, PROVIDERS } from './caller';
import { startSimulators, type Simulators } from './index';

let simulators: Simulators;
beforeAll(async () => void (simulators = await startSimulators()));
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

const OVERLOADED = { openai: 500, anthropic: 529, google: 503 };
const LAST_EVENT = { openai: 'data: [DONE]', anthropic: 'event: message_stop', google: '"finishReason": "STOP"' };

describe.each(PROVIDERS)('%s', (provider) => {
  test.each([429, 500, 503, 529])('status=%i is the answer', async (status) => {
    const answer = await call(simulators, provider, `Hello [[sim: status=${status} retry_after=7]]`);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toHaveProperty('error');
    if (provider === 'google') expect(answer.text).toContain('"retryDelay": "7s"');
    else expect(answer.headers.get('retry-after')).toBe('7');
  });

  test('no_credit is refused as not worth a second try', async () => {
    const answer = await call(simulators, provider, '[[sim: no_credit]]');
    expect(answer.status).toBe({ openai: 429, anthropic: 400, google: 429 }[provider]);
    expect(answer.text).toMatch(/insufficient_quota|credit balance is too low|exceeded your current quota/);
  });

  test('cut_after=0 breaks off before the headers', async () => {
    await expect(call(simulators, provider, '[[sim: cut_after=0]]')).rejects.toThrow();
    const [seen] = await simulators[provider].waitForCalls(1);
    expect(seen).toMatchObject({ status: 0, aborted: false });
    expect(seen?.answer).toHaveLength(0);
  });

  test.each([true, false])('cut_after breaks off in the middle (stream: %s)', async (stream) => {
    const response = await open(simulators, provider, 'Hello [[sim: cut_after=3 chunks=20]]', { stream });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    const [seen] = await simulators[provider].waitForCalls(1);
    expect(seen).toMatchObject({ status: 200, aborted: false });
    if (stream) expect(seen?.answer.toString().match(/^data:/gm)).toHaveLength(3);
    if (stream) expect(seen?.answer.toString()).not.toContain(LAST_EVENT[provider]);
    else expect(() => JSON.parse(seen!.answer.toString()) as unknown).toThrow();
  });

  test.each([true, false])('stall_after goes silent and keeps the socket (stream: %s)', async (stream) => {
    const abort = new AbortController();
    const response = await open(simulators, provider, '[[sim: stall_after=1]] Hello', { stream, signal: abort.signal });
    const reader = response.body!.getReader();
    await reader.read();
    expect(simulators[provider].calls[0]?.endedAt).toBeUndefined();
    abort.abort();
    const [seen] = await simulators[provider].waitForCalls(1);
    expect(seen).toMatchObject({ status: 200, aborted: true });
  });

  test('error_after reports a failure inside the stream and ends it', async () => {
    const { status, text } = await call(simulators, provider, '[[sim: error_after=2]]', { stream: true });
    expect(status).toBe(200);
    const events = text.trim().split(/\r?\n\r?\n/);
    expect(events).toHaveLength(3);
    expect(events[2]).toContain('"error":');
    expect(text).not.toContain(LAST_EVENT[provider]);
  });

  test('error_after is an error answer where there is no stream', async () => {
    const answer = await call(simulators, provider, '[[sim: error_after=2]]');
    expect(answer.status).toBe(OVERLOADED[provider]);
  });

  test('garbage is a page with a 200', async () => {
    const answer = await call(simulators, provider, '[[sim: garbage]]');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch('text/html');
    expect(answer.text).toMatch(/^<!DOCTYPE html>/);
  });

  test('hold waits for its release', async () => {
    const name = `held-${provider}`;
    const answer = call(simulators, provider, `Hello [[sim: hold=${name}]]`);
    const [seen] = await simulators[provider].waitForStarted(1);
    expect(seen).toMatchObject({ status: 0, model: expect.any(String) });
    simulators.release(name);
    expect((await answer).status).toBe(200);
    // A name that was released holds nobody any more.
    expect((await call(simulators, provider, `Hello [[sim: hold=${name}]]`)).status).toBe(200);
  });

  test('hold_after lets the first events go', async () => {
    const name = `half-${provider}`;
    const response = await open(simulators, provider, `Hello [[sim: hold=${name} hold_after=1]]`, { stream: true });
    const reader = response.body!.getReader();
    const first = await reader.read();
    expect(
      Buffer.from(first.value ?? [])
        .toString()
        .match(/^data:/gm),
    ).toHaveLength(1);
    simulators.release(name);
    while (!(await reader.read()).done);
    const [seen] = await simulators[provider].waitForCalls(1);
    expect(seen?.answer.toString()).toContain(LAST_EVENT[provider]);
  });

  test('a held answer ends when its client goes', async () => {
    const abort = new AbortController();
    const answer = call(simulators, provider, '[[sim: hold=for-ever]]', { signal: abort.signal });
    await simulators[provider].waitForStarted(1);
    abort.abort();
    await expect(answer).rejects.toThrow();
    expect((await simulators[provider].waitForCalls(1))[0]).toMatchObject({ status: 0, aborted: true });
  });

  test('chunks and gap_ms pace a stream', async () => {
    const { text } = await call(simulators, provider, 'Hello [[sim: gap_ms=1 chunks=64]]', { stream: true });
    const texts = { openai: /"content":"[^"]/g, anthropic: /"text_delta"/g, google: /"text": "/g };
    expect(text.match(texts[provider])).toHaveLength(64);
  });

  test('delay_ms still answers', async () => {
    expect((await call(simulators, provider, 'Hello [[sim: delay_ms=1]]')).status).toBe(200);
  });

  test.each([true, false])('usage is reported as told, or not at all (stream: %s)', async (stream) => {
    const body = provider === 'openai' && stream ? { stream_options: { include_usage: true } } : {};
    const told = await call(simulators, provider, '[[sim: usage=1234/56]]', { stream, body });
    expect(told.text).toContain('1234');
    const silent = await call(simulators, provider, '[[sim: no_usage]]', { stream, body });
    expect(silent.text).not.toMatch(/"usage(Metadata)?": ?\{/);
    const seen = await simulators[provider].waitForCalls(2);
    expect(seen.map((one) => one.usage)).toEqual([{ input: 1234, output: 56 }, undefined]);
  });

  test('a word that nobody knows is refused', async () => {
    const answer = await call(simulators, provider, '[[sim: statsu=500]]');
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("no instruction 'statsu'");
    expect((await call(simulators, provider, '[[sim: status=200]]')).status).toBe(400);
  });

  test('a header asks for the same', async () => {
    const answer = await call(simulators, provider, 'Hello', { headers: { 'x-sim': 'status=503' } });
    expect(answer.status).toBe(503);
  });

  test('next waits in line, always stays', async () => {
    const simulator = simulators[provider];
    simulator.next({ status: 500 });
    simulator.next({ status: 429 });
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await call(simulators, provider, 'Hello')).status);
    simulator.always({ status: 503 });
    for (let n = 0; n < 2; n++) statuses.push((await call(simulators, provider, 'Hello')).status);
    simulator.always(undefined);
    statuses.push((await call(simulators, provider, 'Hello')).status);
    expect(statuses).toEqual([500, 429, 200, 503, 503, 200]);
  });

  test('an instruction in an earlier turn is over', async () => {
    const old = 'Hello [[sim: status=500]]';
    const body = {
      openai: {
        messages: [
          { role: 'user', content: old },
          { role: 'user', content: 'Again' },
        ],
      },
      anthropic: {
        messages: [
          { role: 'user', content: old },
          { role: 'user', content: 'Again' },
        ],
      },
      google: { contents: [{ parts: [{ text: old }] }, { parts: [{ text: 'Again' }] }] },
    }[provider];
    expect((await call(simulators, provider, '', { body })).status).toBe(200);
  });
});

test('only= keeps an instruction for one provider, or for one model', async () => {
  const statuses = async (prompt: string) =>
    Promise.all(PROVIDERS.map(async (provider) => (await call(simulators, provider, prompt)).status));
  expect(await statuses('Hello [[sim: status=503 only=openai]]')).toEqual([503, 200, 200]);
  expect(await statuses('[[sim: status=503 only=openai,google]]')).toEqual([503, 200, 503]);
  expect(await statuses('[[sim: status=503 only=gpt-4o-mini]] [[sim: status=429 only=anthropic]]')).toEqual([
    503, 429, 200,
  ]);
});

test("Google's array stream ends its error as an array", async () => {
  const path = '/v1beta/models/gemini-2.5-flash:streamGenerateContent';
  const { text } = await call(simulators, 'google', '[[sim: error_after=2]]', { path });
  expect(JSON.parse(text)).toEqual([
    expect.anything(),
    expect.anything(),
    { error: expect.objectContaining({ code: 503 }) },
  ]);
});

test('waiting for calls that never come fails with what did come', async () => {
  await call(simulators, 'openai', 'Hello');
  await expect(simulators.openai.waitForCalls(2, 1)).rejects.toThrow('openai: waited for 2 calls ended, saw 1 in 1 ms');
});
