// `npm run bench`: this gateway beside its peers, in one run on one machine. It prints a table and writes JSON to
// test/bench/results/. It reports and judges nothing: its exit code says only whether it could measure.
// Portkey is installed below test/bench/, LiteLLM (756 MB) into OVTH_BENCH or ~/.cache/ovth-bench.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pinSelf } from './child';
import { contenderNames, contenderNotes } from './contender';
import { startLoad, startUpstream } from './helpers';
import { against } from './measures/against';
import { addedFirstToken, addedLatency } from './measures/added';
import { chain } from './measures/chain';
import { streamsBesideSyncs } from './measures/besideSyncs';
import { memory, start } from './measures/footprint';
import { reports } from './measures/reports';
import { largeRequests, smallRequests } from './measures/requests';
import { stalls } from './measures/stalls';
import { leaving, manyStreams, pacedStreams, stuckReaders, translatedStreams } from './measures/streams';
import { translation } from './measures/translation';
import { installLitellm } from './litellm';
import { table } from './report';
import { type Effort, efforts, openContenders, type Row, type Run } from './run';
import { goalOf, isMet } from './targets';

const measures: Readonly<Record<string, (run: Run) => Promise<Row[]>>> = {
  start, // before anything else is up
  memory,
  requests: smallRequests,
  chain,
  reports,
  bodies: largeRequests,
  latency: addedLatency,
  'first-token': addedFirstToken,
  streams: pacedStreams,
  'translated-streams': translatedStreams,
  'many-streams': manyStreams,
  'streams-beside-syncs': streamsBesideSyncs,
  'stuck-readers': stuckReaders,
  translation,
  stalls,
  leaving,
  against, // beside another tree, where one is named
};

/** Measures with LiteLLM in them. Others do not install it. */
const withLitellm: ReadonlySet<string> = new Set(['memory', 'requests']);

/** Nothing may hang: a run that takes longer than this is broken. */
const deadlineMs = 20 * 60_000;
const folderOfPeers = 'test/bench';
const folderOfResults = 'test/bench/results';

async function main(): Promise<void> {
  const { names, effort, quick, other } = readArguments();
  requireMachine();
  installPeers(names);
  for (const program of ['upstream', 'load', 'bareFastify', 'bareHttp', 'stalls', 'syncs'])
    required([process.execPath, 'test/build.mjs', `test/bench/${program}.ts`]);
  pinSelf();
  const facts = machine(quick);
  const startedAt = Date.now();
  const rows = await measure(names, effort, other);
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  mkdirSync(folderOfResults, { recursive: true });
  const file = join(folderOfResults, `${new Date(startedAt).toISOString().replace(/[:.]/g, '-')}.json`);
  const judged = rows.map((row) => {
    const goal = goalOf(row);
    return goal === undefined ? row : { ...row, goal, met: isMet(row, goal) };
  });
  writeFileSync(file, JSON.stringify({ ...facts, seconds, rows: judged }, null, 2));
  console.log(`\n${table(rows)}\n`);
  for (const name of contenderNames) console.log(`${name.padEnd(13)} ${contenderNotes[name]}`);
  console.log(`\n${JSON.stringify(facts)}\n${seconds} s; written to ${file}`);
}

// ---

interface Arguments {
  readonly names: string[];
  readonly effort: Effort;
  readonly quick: boolean;
  /** The folder of another tree. */
  readonly other: string | undefined;
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        against: { type: 'string' },
      },
    });
    for (const name of values.only)
      if (!(name in measures)) throw new Error(`--only must be one of ${Object.keys(measures).join(', ')}`);
    const { against: other, quick } = values;
    if (other !== undefined && !existsSync(join(other, 'dist/gateway.js')))
      throw new Error(
        `--against must name a folder in which \`npm run build\` was run; ${other} has no dist/gateway.js`,
      );
    if (other === undefined && values.only.includes('against'))
      throw new Error('--only against needs --against FOLDER');
    const usual = other === undefined ? Object.keys(measures).filter((name) => name !== 'against') : ['against'];
    return {
      names: values.only.length > 0 ? values.only : usual,
      effort: efforts[quick ? 'quick' : 'full'],
      quick,
      other,
    };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    console.error(
      `${text}\nUsage: npm run bench -- [--quick] [--only NAME]... [--against FOLDER]\nFOLDER holds another version, built: both are measured in turn and nothing else.\nOVTH_BENCH names the folder LiteLLM is installed into (~/.cache/ovth-bench).`,
    );
    process.exit(64);
  }
}

function requireMachine(): void {
  const missing = [
    ...(process.platform === 'linux' ? [] : ['Linux, whose /proc tells the CPU time of a process']),
    ...(cpus().length >= 2 ? [] : ['two cores, one for what is measured and one for the load']),
    ...(spawnSync('taskset', ['--version']).status === 0 ? [] : ['taskset (package util-linux)']),
  ];
  if (missing.length === 0) return;
  console.error(`The benchmark needs ${missing.join(', and ')}.`);
  process.exit(69);
}

// Here and not in the repository's own dependencies, so that only who measures installs them.
function installPeers(names: readonly string[]): void {
  if (names.some((name) => withLitellm.has(name))) installLitellm();
  if (existsSync(join(folderOfPeers, 'node_modules/@portkey-ai/gateway/package.json'))) return;
  console.log('installing the peers');
  required(['npm', 'ci', '--prefix', folderOfPeers, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
}

function required([program = '', ...rest]: readonly string[]): void {
  const { status } = spawnSync(program, rest, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${[program, ...rest].join(' ')} failed`);
}

function machine(quick: boolean) {
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return {
    date: new Date().toISOString(),
    commit: commit.status === 0 ? commit.stdout.trim() : undefined,
    quick,
    node: process.version,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    load: loadavg().map((value) => Number(value.toFixed(2))),
    // Syncing to memory costs nothing: then the durable figures say nothing.
    ledgerOnDisk: statfsSync(tmpdir()).type !== 0x01021994,
  };
}

async function measure(names: readonly string[], effort: Effort, other: string | undefined): Promise<Row[]> {
  const deadline = setTimeout(() => {
    console.error('the benchmark takes too long and ends here');
    process.exit(1);
  }, deadlineMs);
  const folder = mkdtempSync(join(tmpdir(), 'ovth-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  const rows: Row[] = [];
  const upstream = await startUpstream(folder);
  const load = startLoad(folder);
  const contenders = openContenders(upstream, load, folder, effort, other);
  try {
    for (const name of names) {
      const startedAt = Date.now();
      process.stdout.write(`measuring ${name} … `);
      rows.push(...((await measures[name]?.({ effort, load, upstream, folder, ...contenders })) ?? []));
      console.log(`${Math.round((Date.now() - startedAt) / 1_000)} s`);
    }
  } finally {
    await contenders.close();
    await load.stop();
    await upstream.stop();
    clearTimeout(deadline);
  }
  return rows;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
