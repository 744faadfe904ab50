// A disk without room: nothing is admitted and the gateway says so, what runs goes on, and all is well when there is room again.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startSimulators } from '../simulators';
import { ask, makeFolder, mint, startChild } from '../support/child';
import { providersAt } from '../support/guide';
import { describeIf } from '../support/shared';

const mount = (path: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', path]).status === 0;
const unmount = (path: string) => spawnSync('umount', ['-l', path]).status === 0;
const probe = makeFolder();
const canMount = mount(probe.path) && unmount(probe.path);
probe.remove();
if (!canMount) console.warn('SKIPPED: no file system can be mounted here, so a disk without room cannot be shown.');

function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (const size of [65_536, 4_096, 512]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size, 1));
      } catch {
        // There is no room for as much.
      }
    }
  } finally {
    closeSync(file);
  }
}

describeIf(canMount)('a disk without room', () => {
  test('admits nothing, ends nothing, and loses nothing [H3]', async () => {
    const simulators = await startSimulators();
    const folder = makeFolder(providersAt(simulators));
    const data = join(folder.path, 'data');
    mkdirSync(data);
    mount(data);
    const child = await startChild({ folder: folder.path, env: { OPENAI_API_KEY: simulators.openai.key } });
    try {
      const key = await mint(child.url);
      const running = await ask(child.url, key, '[[sim: hold_after=2 hold=go chunks=8 usage=40/10]] hi', {
        stream: true,
        max_completion_tokens: 5_000,
      });
      fill(join(data, 'filler'));
      let refused: Response;
      do {
        refused = await ask(child.url, key, 'hi'); // room in the last page of the log may admit some
        await refused.arrayBuffer();
      } while (refused.status === 200);
      expect(refused.status).toBe(503);
      const ready = await fetch(`${child.url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([503, expect.objectContaining({ status: 'storage_failed' })]);
      simulators.release('go');
      expect(await running.text()).toContain('data: [DONE]');
      rmSync(join(data, 'filler'));
      while ((await fetch(`${child.url}/readyz`)).status !== 200) await new Promise((wake) => setTimeout(wake, 100));
      expect((await ask(child.url, key, 'hi')).status).toBe(200);
      child.process.kill('SIGTERM');
      expect(await child.ended).toMatchObject({ code: 0 });
      const db = new DatabaseSync(join(data, 'ledger.db'));
      expect(db.prepare('select count(*) n from open_requests').get()).toEqual({ n: 0 });
      expect(db.prepare("select count(*) n from requests where outcome = 'ok' and counted = 50").get()).toEqual({
        n: 1,
      });
      db.close();
    } finally {
      child.process.kill('SIGKILL');
      await child.ended;
      unmount(data);
      folder.remove();
      await simulators.close();
    }
  }, 60_000);
});
