// The gateway is killed 200 times at random points under load: what it acknowledged is booked, and nothing stays open.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startSimulators } from '../simulators';
import { makeFolder, startChild } from '../support/child';
import { masterKey } from '../support/gateway';
import { providersAt } from '../support/guide';

const kills = 200;

test(`kill -9 at ${kills} random points, over two processes on one ledger`, async () => {
  const simulators = await startSimulators();
  const folder = makeFolder(providersAt(simulators));
  const start = () => startChild({ folder: folder.path, env: { OPENAI_API_KEY: simulators.openai.key } });
  let acknowledged = 0;
  const load = async (url: string, key: string, tokens: number, stopped: () => boolean) => {
    while (!stopped()) {
      const answer = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({
          model: 'gpt-5.5',
          max_completion_tokens: 200,
          stream: Math.random() < 0.5,
          messages: [{ role: 'user', content: `[[sim: usage=${tokens}/5]] hi` }],
        }),
      }).catch(() => undefined);
      const text = await answer?.text().catch(() => undefined);
      if (answer?.status === 200 && text !== undefined) acknowledged += tokens + 5;
    }
  };
  const lasting = await start(); // lives through all of it, and settles what the others leave
  const minted = await fetch(`${lasting.url}/admin/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${masterKey}` },
    body: '{"label":"test","quota":{"daily_tokens":1000000000}}',
  });
  const { key } = (await minted.json()) as { key: string };
  try {
    for (let round = 0; round < kills; round++) {
      const child = await start();
      let stop = false;
      const workers = [child.url, child.url, child.url, lasting.url].map((url) => load(url, key, 10, () => stop));
      await simulators.openai.waitForCalls(1 + Math.floor(Math.random() * 60), 30_000);
      child.process.kill('SIGKILL');
      stop = true;
      await child.ended;
      await Promise.all(workers);
      simulators.reset();
    }
    lasting.process.kill('SIGTERM');
    expect(await lasting.ended).toMatchObject({ code: 0 });
    const last = await start();
    const db = new DatabaseSync(join(folder.path, 'data/ledger.db'));
    const one = (sql: string) => Number((db.prepare(sql).get() as { n: number }).n);
    expect(db.prepare('pragma integrity_check').get()).toMatchObject({ integrity_check: 'ok' });
    expect(one('select count(*) n from open_requests')).toBe(0);
    expect(one('select count(*) n from instances')).toBe(1);
    expect(one('select sum(reserved_tokens) n from budgets')).toBe(0);
    const counted = one('select sum(counted) n from requests');
    expect(one('select sum(spent_tokens) n from budgets')).toBe(counted);
    expect(one('select sum(counted) n from usage_hours')).toBe(counted);
    expect(counted).toBeGreaterThanOrEqual(acknowledged);
    expect(acknowledged).toBeGreaterThan(0);
    console.info(
      `${kills} kills: ${acknowledged} tokens acknowledged, ${counted} booked, ${one(`select count(*) n from requests where kind = 'crash'`)} crashes`,
    );
    db.close();
    last.process.kill('SIGKILL');
    await last.ended;
  } finally {
    lasting.process.kill('SIGKILL');
    folder.remove();
    await simulators.close();
  }
});
