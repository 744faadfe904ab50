// A request is paid at the prices of its beginning, whatever becomes of them meanwhile.

import { startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway } from '../support/gateway';
import { events, sse } from '../support/translation';

test('a price that is changed during a stream holds for the next request [G8]', async () => {
  const upstream = await startFakeUpstream();
  const config = (input: number, output: number) =>
    `providers: {own: {base_url: "${upstream.url}/v1", wire: openai, models: {m: {input: ${input}, output: ${output}}}}}\n`;
  const gateway = await startTestGateway({ config: config(1, 2), keys: { OPENAI_API_KEY: 'sk-x' } });
  try {
    const key = await gateway.mint();
    const chunk = (delta: object, more: object = {}) => ({ id: 'c', choices: [{ index: 0, delta, finish_reason: null }], ...more });
    let finish: () => void = () => undefined;
    upstream.answer = (_call, response) => {
      response.writeHead(200, sse).write(events(chunk({ content: 'hello' })));
      finish = () =>
        response.end(
          `${events({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }, { id: 'c', choices: [], usage: { prompt_tokens: 1_000_000, completion_tokens: 1_000_000, total_tokens: 2_000_000 } })}data: [DONE]\n\n`,
        );
    };
    const ask = () =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({ model: 'own/m', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
      });
    const costOf = async (meanwhile: () => Promise<void>) => {
      const answer = await ask();
      const reader = answer.body!.getReader();
      await reader.read();
      await meanwhile();
      finish();
      while (!(await reader.read()).done);
      const row = await gateway.row(answer.headers.get('x-request-id') ?? '');
      return row.cost_usd as number;
    };
    expect(await costOf(() => gateway.reload(config(10, 20)))).toBeCloseTo(3, 6);
    expect(await costOf(async () => undefined)).toBeCloseTo(30, 6);
  } finally {
    await gateway.close();
    await upstream.close();
  }
}); // prettier-ignore
