// When an instance is dead, as the others on its ledger can see: by its lock file, and by nothing where that is missing.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from '../../gateway/src/storage/sqlite/engine';
import { unpackResults } from '../../gateway/src/storage/sqlite/packedBatch';
import { keyRow, morning, reserveEntry } from './samples';
import { makeLedgerFolder } from './worlds';

const folder = makeLedgerFolder();
afterAll(folder.remove);

const open = (instance: string) => openEngine({ folder: folder.path, durability: 'process', instance, now: morning });
const dropLock = (instance: string) => rmSync(join(folder.path, 'instances', `${instance}.lock`));

test('a lock file that is missing says nothing for thirty seconds, in which a living instance makes it again', () => {
  const first = open('a');
  const second = open('b');
  first.putKeys([keyRow('k1')]);
  expect(unpackResults(first.commit([reserveEntry('r1', [])], morning))).toMatchObject([{ type: 'admitted' }]);
  expect(second.settleDead(morning)).toBe(0);

  dropLock('a');
  expect(second.settleDead(morning + 1_000)).toBe(0);
  first.check(false); // it makes it again
  expect(second.settleDead(morning + 60_000)).toBe(0);

  dropLock('a'); // and is not heard of any more
  expect(second.settleDead(morning + 70_000)).toBe(0);
  expect(second.settleDead(morning + 99_999)).toBe(0);
  expect(second.settleDead(morning + 100_000)).toBe(1);
  for (const each of [first, second]) each.close();
});
