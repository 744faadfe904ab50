// A provider that sends faster than its client is admitted or reads: every byte arrives, once and in order.

import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { say } from '../support/sim';

let upstream: FakeUpstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startFakeUpstream();
  gateway = await startTestGateway({
    config: `quota: {default_output_tokens: 20}\nproviders:\n  openai: {base_url: "${upstream.url}/v1"}\n`,
  });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`;
const numbered = Array.from({ length: 5_000 }, (_, i) =>
  event({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: `word ${i} ` } }] }),
).join('');
const finish = event({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
const usage = event({ id: 'c', choices: [], usage: { prompt_tokens: 5, completion_tokens: 10_000 } });
const body = `${numbered}${finish}${usage}data: [DONE]\n\n`;

test.each([
  ['all at once', undefined],
  ['in pieces that cut events', 1_000],
  ['in large pieces', 100_000],
])('a stream that extends its reservation as it goes, sent %s', async (_name, slice) => {
  upstream.answer = {
    headers: { 'content-type': 'text/event-stream' },
    body,
    ...(slice === undefined ? {} : { slice }),
  };
  const key = await gateway.mint({ label: 'rich', quota: { daily_tokens: 100_000_000 } });
  const ask = async (more: object) => {
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'gpt-5.5', stream: true, messages: say('hi'), ...more }),
    });
    return answer.text();
  };
  for (let round = 0; round < 5; round++) {
    expect((await ask({})) === `${numbered}${finish}data: [DONE]\n\n`).toBe(true);
    expect((await ask({ stream_options: { include_usage: true } })) === body).toBe(true);
  }
});
