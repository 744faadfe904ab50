// The client of a storage thread, with threads that die at the moments a test chooses.

import { execFile } from 'node:child_process';
import { existsSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';
import { openSqliteStorage } from '../../gateway/src/storage/sqlite';
import { type PackedResult, unpackResults } from '../../gateway/src/storage/sqlite/packedBatch';
import { openThread, type Thread } from '../../gateway/src/storage/sqlite/threadClient';
import { AnswerLost, StorageUnavailable } from '../../gateway/src/storage/storage';
import { node } from '../support/child';
import { keyRow, limit, morning, reserveEntry, settleEntry } from './samples';
import { makeLedgerFolder, threadProgram } from './worlds';

let folder: ReturnType<typeof makeLedgerFolder>;
let threads: Thread[];
beforeEach(() => {
  folder = makeLedgerFolder();
  threads = [];
});
afterEach(async () => {
  for (const thread of threads) await thread.end();
  folder.remove();
});

const deadly = () => join(folder.path, 'die');
/** The thread's program, which ends where the answer of a method is about to be sent, or before it is asked, if a file says so. */
const mortal = (moment: 'answered' | 'asked', method: string, once: boolean) => `
  const threads = require('node:worker_threads');
  const { existsSync, unlinkSync } = require('node:fs');
  const file = ${JSON.stringify(deadly())};
  let asked;
  const mayDie = () => {
    if (asked !== ${JSON.stringify(method)} || !existsSync(file)) return;
    if (${once}) unlinkSync(file);
    process.exit(3);
  };
  const receive = threads.receiveMessageOnPort;
  threads.receiveMessageOnPort = (port) => {
    const received = receive(port);
    asked = received?.message.method;
    if (${JSON.stringify(moment)} === 'asked') mayDie();
    return received;
  };
  const { port } = threads.workerData;
  const post = port.postMessage.bind(port);
  port.postMessage = (reply) => {
    if (${JSON.stringify(moment)} === 'answered') mayDie();
    post(reply);
  };
  ${threadProgram()}`;
const options = () => ({ folder: folder.path, durability: 'process' as const, instance: 'a', now: morning });
const open = (program: string): Thread => {
  const thread = openThread(program, { role: 'storage-writer', options: options() });
  threads.push(thread);
  return thread;
};
const all = limit({ kind: 'all' }, 'tokens', 1_000);

test.each(['asked', 'answered'] as const)(
  'a thread that dies when a commit is %s is started again, and the batch is committed once',
  async (moment) => {
    const storage = await openSqliteStorage(options(), mortal(moment, 'commit', true));
    await storage.putKeys([keyRow('k1')]);
    const first = reserveEntry('r1', [all]);
    await storage.commit([first], morning);
    writeFileSync(deadly(), '');
    const batch = [settleEntry(first, 2, 3), reserveEntry('r2', [all])];
    expect(await storage.commit(batch, morning)).toMatchObject([{ type: 'done' }, { type: 'admitted', output: 90 }]);
    expect(existsSync(deadly())).toBe(false); // it did die
    expect(await storage.budgets([all])).toMatchObject([{ spent: { tokens: 5 }, reserved: { tokens: 100 } }]);
    expect((await storage.requests({}, undefined, 9)).rows).toHaveLength(1);
    await storage.close();
  },
);

test('one that dies again and again is given up, and tried anew by the next call', async () => {
  const thread = open(mortal('asked', 'commit', false));
  await thread.call('putKeys', [keyRow('k1')]);
  writeFileSync(deadly(), '');
  const commit = () => thread.call('commit', [reserveEntry('r1', [all])], morning);
  await expect(commit()).rejects.toThrow(AnswerLost);
  await expect(commit()).rejects.toThrow(AnswerLost);
  unlinkSync(deadly());
  expect(unpackResults((await commit()) as PackedResult[])).toMatchObject([{ type: 'admitted' }]);
});

test('one that cannot open the ledger now tries again at the next call', async () => {
  const thread = open(threadProgram());
  writeFileSync(join(folder.path, 'ledger.db'), 'this is no database, however long one looks at it'.repeat(50));
  await expect(thread.call('repaired')).rejects.toThrow('is not a ledger');
  await expect(thread.call('repaired')).rejects.toThrow('is not a ledger');
  rmSync(join(folder.path, 'ledger.db'));
  expect(await thread.call('repaired')).toBe(0);
});

test('what cannot be sent fails its own call, and is not waited for', async () => {
  const thread = open(threadProgram());
  await expect(thread.call('commit', [() => undefined], morning)).rejects.toThrow('could not be cloned');
  expect(await thread.call('repaired')).toBe(0);
});

test('calls that are not answered when it ends are refused, and so are later ones', async () => {
  const thread = open(threadProgram());
  await thread.call('putKeys', [keyRow('k1')]);
  // An answer that is on its way when the thread is ended still counts; behind this lock there is none.
  const other = new DatabaseSync(join(folder.path, 'ledger.db'));
  other.exec('begin immediate');
  const late = thread.call('commit', [reserveEntry('r1', [all])], morning).catch((error: unknown) => error);
  await thread.end();
  expect(await late).toBeInstanceOf(StorageUnavailable);
  other.exec('rollback');
  other.close();
  await expect(thread.call('repaired')).rejects.toThrow('closed');
});

test('closing while another process holds the ledger lets go of everything, and the next instance finds what was open', async () => {
  const storage = await openSqliteStorage(options(), threadProgram());
  await storage.putKeys([keyRow('k1')]);
  const other = new DatabaseSync(join(folder.path, 'ledger.db'));
  other.exec('begin immediate');
  const entry = reserveEntry('r1', [all]);
  const refused = expect(storage.commit([entry], morning)).rejects.toThrow(StorageUnavailable);
  await storage.close();
  await refused;
  other.exec('rollback');
  other.close();
  const next = await openSqliteStorage({ ...options(), instance: 'b' }, threadProgram());
  expect(await next.settleDead(morning)).toBe(0);
  expect(await next.commit([entry], morning)).toMatchObject([{ type: 'admitted' }]);
  await next.close();
}, 30_000);

describe('the process', () => {
  // The storage in a process of its own, which is given nothing to do but what a test says.
  const run = async (steps: string): Promise<string> => {
    const { outputFiles } = buildSync({
      stdin: {
        contents: `
          import { openSqliteStorage } from './gateway/src/storage/sqlite';
          import { openThread } from './gateway/src/storage/sqlite/threadClient';
          const [folder, program] = JSON.parse(process.env.GIVEN);
          const options = { folder, durability: 'process', instance: 'a', now: 1 };
          process.on('exit', () => console.log('exit'));
          void (async () => { ${steps} })();`,
        resolveDir: process.cwd(),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      write: false,
      alias: { 'worker:./thread': './test/support/noThread.ts' },
    });
    writeFileSync(join(folder.path, 'main.cjs'), outputFiles[0]!.text);
    writeFileSync(join(folder.path, 'thread.cjs'), threadProgram());
    const { stdout } = await promisify(execFile)(node, [join(folder.path, 'main.cjs')], {
      env: { GIVEN: JSON.stringify([folder.path, join(folder.path, 'thread.cjs')]) },
      timeout: 20_000,
    });
    return stdout;
  };
  const text = `const text = require('node:fs').readFileSync(program, 'utf8');`;

  test('stays for an answer, and not for an idle storage', async () => {
    const output = await run(`${text}
      const storage = await openSqliteStorage(options, text);
      await storage.requests({}, undefined, 1);
      storage.commit([], 1).then(() => console.log('committed'));`);
    expect(output).toBe('committed\nexit\n');
  });

  test('ends after the storage is closed', async () => {
    const output = await run(`${text}
      const storage = await openSqliteStorage(options, text);
      void storage.commit([], 1).then(() => console.log('committed'));
      await storage.close();
      console.log('closed');`);
    expect(output).toBe('committed\nclosed\nexit\n');
  });

  test('stays for an answer that only a second thread gives, and not for one that died idle', async () => {
    const output = await run(`${text}
      const fs = require('node:fs');
      // Ends by itself when nobody has asked it for a while.
      const restless = "const wait = Atomics.wait;" +
        "Atomics.wait = (...of) => wait(...of, 300) === 'timed-out' && process.exit(1);" + text;
      const idle = openThread(restless, { role: 'storage-writer', options });
      await idle.call('repaired');
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      console.log('idle');
      const busy = openThread(
        "const fs = require('node:fs'); const first = !fs.existsSync(" + JSON.stringify(folder + '/seen') + ");" +
        "fs.writeFileSync(" + JSON.stringify(folder + '/seen') + ", ''); if (first) setTimeout(() => process.exit(1), 10); else {" + text + "}",
        { role: 'storage-writer', options: { ...options, instance: 'b' } });
      busy.call('repaired').then(() => console.log('answered'));`);
    expect(output).toBe('idle\nanswered\nexit\n');
  });
});
