// How long one piece of work holds the event loop, over made-up requests, answers and streams, every format to every other.
// Bodies and events have up to 1 MB; what is worked on in a thread is left out.
//
//   node test/build.mjs test/bench/stallFuzz.ts && node dist/tools/stallFuzz.js [SEED] [SECONDS]
//
// A piece that is seen once among thousands is timed together with the garbage and the compilation of those before it, and
// the processor's own count may have steps of 4 ms. So the three longest of each kind are done again, each alone: nine times,
// after a full collection, by the clock and by the processor. Both are printed, the first as it was seen, and the second is
// judged: the exit code is 1 above the target.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { answers, geminiAnswers, requests, streams } from './stallShapes';
import { answerWorks, geminiAnswerWorks, type Piece, requestWork, streamWork, type Work } from './stallWork';

const targetMs = 20;
const kept = 3;
const repeats = 9;

const seed = Number(process.argv[2] ?? Date.now() % 2 ** 31);
const seconds = Number(process.argv[3] ?? 60);

interface Seen {
  readonly ms: number;
  readonly work: Work;
  /** Which piece of the work it was. */
  readonly index: number;
}

/** Kind of work → its longest pieces, the longest first. */
const longest = new Map<string, Seen[]>();
let pieces = 0;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The same numbers for the same seed. */
function openRandom(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Times a piece by the clock and by the processor, in milliseconds: others on this machine lengthen only the first. */
function timed<T>(run: () => T, note: (wall: number, cpu: number) => void): T {
  const before = process.threadCpuUsage();
  const start = performance.now();
  const result = run();
  const wall = performance.now() - start;
  const { user, system } = process.threadCpuUsage(before);
  note(wall, (user + system) / 1_000);
  return result;
}

async function see(work: Work, counting: boolean): Promise<void> {
  let at = 0;
  const piece: Piece = (kind, run) => {
    const index = at++;
    return timed(run, (wall, cpu) => {
      pieces++;
      if (!counting) return;
      const list = longest.get(kind) ?? [];
      longest.set(kind, [...list, { ms: Math.min(wall, cpu), work, index }].sort((a, b) => b.ms - a.ms).slice(0, kept));
    });
  };
  await work.run(piece);
}

/** The same piece alone, in milliseconds: the median by the clock or the mean by the processor, whichever is shorter. */
async function alone({ work, index }: Seen): Promise<number> {
  const walls: number[] = [];
  let sum = 0;
  for (let round = 0; round < repeats; round++) {
    let at = 0;
    await work.run((_kind, run) => {
      if (at++ !== index) return run();
      collect();
      return timed(run, (wall, cpu) => {
        walls.push(wall);
        sum += cpu;
      });
    });
  }
  const median = walls.sort((a, b) => a - b)[Math.floor(repeats / 2)] ?? 0;
  return Math.min(median, sum / repeats);
}

function* worksOf(size: number, random: () => number): Generator<Work> {
  for (const [name, make] of Object.entries(requests)) yield* requestWork(name, make(size, random));
  for (const [name, make] of Object.entries(answers)) yield* answerWorks(name, make(size, random));
  for (const [name, make] of Object.entries(geminiAnswers)) yield* geminiAnswerWorks(name, make(size, random));
  for (const [name, make] of Object.entries(streams)) yield* streamWork(name, make(size * 4, random));
}

async function main(): Promise<void> {
  const random = openRandom(seed);
  const end = Date.now() + seconds * 1_000;
  for (let round = 0; Date.now() < end; round++) {
    const size = 40_000 + Math.floor(random() * (round % 3 === 0 ? 200_000 : 120_000));
    for (const work of worksOf(size, random)) await see(work, round > 1); // the first rounds compile
  }
  console.info(`seed ${seed}, ${pieces} pieces of work; ms as seen, and alone`);
  let most = 0;
  for (const [kind, list] of longest)
    for (const seen of list) {
      const ms = await alone(seen);
      most = Math.max(most, ms);
      console.info(`${seen.ms.toFixed(1).padStart(8)} ${ms.toFixed(1).padStart(8)}  ${kind}: ${seen.work.what}`);
    }
  process.exitCode = most > targetMs ? 1 : 0;
}

void main();
