// `ovth ledger verify` beside and after a gateway, by the head that its log has told, and a user who leaves.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startSimulators, type Simulators } from '../simulators';
import { ask, bundle, mint, node, useChildScene } from '../support/child';
import { masterKey } from '../support/gateway';
import { providersAt } from '../support/guide';

let simulators: Simulators;
beforeAll(async () => {
  simulators = await startSimulators();
});
afterAll(() => simulators.close());
const scene = useChildScene(
  () => providersAt(simulators),
  () => ({ OPENAI_API_KEY: simulators.openai.key }),
);
const ovth = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(node, [bundle(), ...args], {
    env: { ...process.env, OVTH_DATA: join(scene.folder, 'data') },
    encoding: 'utf8',
  });
  return { code: status, output: stdout + stderr };
};
const admin = async (url: string, method: string, path: string) => {
  const answer = await fetch(url + path, { method, headers: { authorization: `Bearer ${masterKey}` } });
  return {
    status: answer.status,
    body: (await answer.json()) as { data: { id: string; label: string }[] } & Record<string, unknown>,
  };
};

test('the head in the log is found in the ledger, until a row is changed', async () => {
  const child = await scene.start();
  const key = await mint(child.url, { label: 'ada’s', user: 'ada' });
  for (let i = 0; i < 3; i++) await (await ask(child.url, key, '[[sim: usage=40/10]] hi')).text();
  const refused = await admin(child.url, 'POST', '/admin/users/ada/forget');
  expect(refused).toMatchObject({ status: 400, body: { error: { message: expect.stringContaining('"ada" still has keys: ada’s. Revoke them first') } } }); // prettier-ignore
  const { data } = (await admin(child.url, 'GET', '/admin/keys')).body;
  await admin(child.url, 'DELETE', `/admin/keys/${data[0]!.id}`);
  expect(ovth('ledger', 'verify')).toMatchObject({ code: 0, output: expect.stringContaining('No row was changed') });
  const { body } = await admin(child.url, 'POST', '/admin/users/ada/forget');
  expect(body).toMatchObject({ pseudonym: expect.stringMatching(/^~/), rows: 3, open_requests: 0 });
  child.process.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ code: 0 });
  const [, head = ''] = /"head":"(1[\w-]{43})"/.exec(child.output()) ?? [];
  expect(ovth('ledger', 'verify', '--head', head)).toMatchObject({ code: 0, output: expect.stringContaining(`${head}: all rows up to it are as they were`) }); // prettier-ignore
  const db = new DatabaseSync(join(scene.folder, 'data/ledger.db'));
  expect(JSON.stringify([db.prepare('select * from requests').all(), db.prepare('select * from keys').all()])).not.toMatch(/\bada\b|127\.0/); // prettier-ignore
  db.exec('update requests set cost = cost - 1 where seq = 2');
  db.close();
  const found = ovth('ledger', 'verify', '--head', head, '--json');
  expect(found.code).toBe(65);
  expect(JSON.parse(found.output)).toMatchObject({
    rows: 3,
    problems: [expect.stringContaining('(place 2, instance')],
  });
  expect(ovth('ledger', 'verify', '--head', `1${'x'.repeat(43)}`).output).toContain('no row has the hash');
  expect(ovth('ledger', 'prove')).toMatchObject({ code: 64, output: expect.stringContaining('check, verify') });
}, 60_000);
