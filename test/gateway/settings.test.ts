// Settings in their long forms, as a running gateway serves them: limits, and accounts with headers.

import { startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway } from '../support/gateway';
import { say, startScene } from '../support/sim';

const chat = '/v1/chat/completions';

test('tokens per day in the long form hold as daily_tokens does, for everybody, a user and a declared key', async () => {
  const scene = await startScene(
    'quota: {limits: [{tokens: 1000, per: day}], users: {eve: {limits: [{tokens: 10, per: day}]}}}\n',
  );
  try {
    const body = { model: 'gpt-5.5', max_completion_tokens: 500, messages: say('hi') };
    const status = async (fields: object) => (await scene.post(chat, await scene.gateway.mint(fields), body)).status;
    expect(await status({ label: 'ada', user: 'ada' })).toBe(200);
    expect(await status({ label: 'eve', user: 'eve' })).toBe(429);
    const { body: keys } = await scene.gateway.admin('GET', '/admin/keys');
    const limits = keys.data.map((key: { limits: { daily_tokens: number }[] }) => key.limits[0]?.daily_tokens);
    expect(limits.sort()).toEqual([10, 1_000]);
    const providers = scene.gateway.running.config.settings.providers;
    scene.gateway.reload(
      `keys: {app: {sha256: ${'a'.repeat(64)}, quota: {limits: [{tokens: 77, per: day}]}}}\nproviders: ${JSON.stringify(providers)}`,
    );
    const { body: after } = await scene.gateway.admin('GET', '/admin/keys');
    expect(after.data.find((key: { label: string }) => key.label === 'app').quota).toEqual({ daily_tokens: 77 });
  } finally {
    await scene.close();
  }
});

test('an account’s key and headers go upstream, and win over the client’s', async () => {
  const fake = await startFakeUpstream();
  const gateway = await startTestGateway({
    config: `providers: {openai: {base_url: "${fake.url}/v1", accounts: {team: {api_key_env: TEAM_KEY, headers: {X-Team: research, OpenAI-Organization: org-1}}}}}`,
    keys: { TEAM_KEY: 'sk-team' },
  });
  try {
    const key = await gateway.mint();
    await fetch(gateway.url + chat, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'x-team': 'sales' },
      body: JSON.stringify({ model: 'gpt-5.5', messages: say('hi') }),
    });
    expect(fake.calls).toHaveLength(1);
    expect(fake.calls[0]?.headers).toMatchObject({
      authorization: 'Bearer sk-team',
      'x-team': 'research',
      'openai-organization': 'org-1',
    });
  } finally {
    await gateway.close();
    await fake.close();
  }
});
