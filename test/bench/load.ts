// The load generator, a process of its own: it does one job at a time for the process that started it.

import { bodyOf, streamShape } from './bodies';
import { type Answer, type Connection, openConnection, requestBytes } from './connection';
import { percentile } from './figures';
import { connect } from 'node:net';
import { clockMs, type Jobs, type LeaveJob, type LeaveResult, type LoadJob, type LoadResult, type PairsJob, type PairsResult, stamps, type StuckJob, type StuckResult, type Target } from './jobs'; // prettier-ignore
import { coreWaitMsOf, cpuMsOf, residentMbOf } from './procfs';
import { syncTimes } from './syncTimes';

/** Keeps every connection busy, and counts in a window. */
async function load(job: LoadJob): Promise<LoadResult> {
  const request = requestBytes(job.target, bodyOf(job.body));
  let requests = 0;
  let events = 0;
  let failures = 0;
  let stopped = false;
  let enough: () => void = () => undefined;
  const counted = new Promise<void>((resolve) => (enough = resolve));
  const connections: Connection[] = [];
  const stamped = job.body.includes('stamped');
  const delays: number[] = [];
  let counting = false;
  const readStamps = (chunk: Buffer) => {
    if (!counting) return;
    const now = clockMs();
    for (const [, sent] of chunk.toString('latin1').matchAll(stamps)) delays.push(now - Number(sent) / 1_000);
  };
  const again = (connection: Connection) => {
    if (stopped) return;
    connection.send(request, (answer) => {
      requests++;
      events += answer.events;
      if (!answer.ok) failures++;
      if (requests === job.requests) enough();
      if (answer.ok) again(connection);
      else setTimeout(again, 50, open()); // a refusal must not become a busy loop
    });
  };
  const open = () => {
    const connection = openConnection(job.target.port, stamped ? readStamps : undefined);
    connections.push(connection);
    return connection;
  };
  // Spread over the gap between two events, so that streams do not beat in time with each other.
  // Stamped ones over a whole stream: their delays are to be those of a steady load, not of all beginning at once.
  const spreadMs = stamped
    ? streamShape.events * streamShape.gapMs
    : job.body.endsWith('stream')
      ? streamShape.gapMs
      : 0;
  const startGapMs = spreadMs / job.connections;
  for (let i = 0; i < job.connections; i++) setTimeout(() => again(open()), Math.floor(i * startGapMs));
  try {
    await sleep(job.rampMs);
    counting = true;
    const before = { requests, events, failures, at: clockMs(), cpu: cpuOf(job.pid), wait: coreWaitOf(job.pid) };
    await (job.requests === undefined ? sleep(job.ms) : Promise.race([counted, sleep(job.ms)]));
    const cpu = cpuOf(job.pid);
    const wait = coreWaitOf(job.pid);
    return {
      requests: requests - before.requests,
      events: events - before.events,
      failures: failures - before.failures,
      ms: clockMs() - before.at,
      cpuMs: cpu === undefined || before.cpu === undefined ? undefined : cpu - before.cpu,
      coreWaitMs: wait === undefined || before.wait === undefined ? undefined : wait - before.wait,
      delays: stamped
        ? { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99), max: percentile(delays, 1) }
        : undefined,
    };
  } finally {
    stopped = true;
    for (const connection of connections) connection.destroy();
  }
}

/** What a target adds to each single request, against a request straight to the upstream just before it. */
async function pairs(job: PairsJob): Promise<PairsResult> {
  const once = caller(job);
  const straight = once(job.direct);
  const through = once(job.target);
  const added: number[] = [];
  const direct: number[] = [];
  try {
    for (let i = -Math.ceil(job.count / 10); i < job.count; i++) {
      const a = await straight.time();
      const b = await through.time();
      if (i < 0) continue;
      direct.push(a);
      added.push(b - a);
    }
  } finally {
    straight.close();
    through.close();
  }
  return { p50: percentile(added, 0.5), p99: percentile(added, 0.99), directP50: percentile(direct, 0.5) };
}

async function leave(job: LeaveJob): Promise<LeaveResult> {
  const connection = openConnection(job.target.port);
  const request = requestBytes(job.target, bodyOf(job.body));
  return new Promise((resolve, reject) => {
    connection.send(
      request,
      () => reject(new Error('the stream ended before its first event')),
      () => {
        const leftAt = clockMs();
        connection.destroy();
        resolve({ leftAt });
      },
    );
  });
}

async function stuck(job: StuckJob): Promise<StuckResult> {
  const request = requestBytes(job.target, bodyOf(job.body));
  const sockets = Array.from({ length: job.connections }, () => {
    const socket = connect({ port: job.target.port, host: '127.0.0.1' }, () => socket.write(request));
    return socket.pause().on('error', () => undefined);
  });
  try {
    await sleep(job.ms);
    return { residentMb: residentMbOf(job.pid) };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

// ---

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const cpuOf = (pid: number | undefined) => (pid === undefined ? undefined : cpuMsOf(pid));
const coreWaitOf = (pid: number | undefined) => (pid === undefined ? undefined : coreWaitMsOf(pid));

// Time to the whole answer, or to the first event of a streamed one (and then its end is waited for).
function caller(job: PairsJob) {
  const streamed = job.body === 'first token';
  return (target: Target) => {
    const connection = openConnection(target.port);
    const request = requestBytes(target, bodyOf(job.body));
    return {
      time: () =>
        new Promise<number>((resolve, reject) => {
          const startedAt = clockMs();
          let first: number | undefined;
          const done = (answer: Answer) => {
            const time = streamed ? first : clockMs() - startedAt;
            if (answer.ok && time !== undefined) resolve(time);
            else reject(new Error('a request failed'));
          };
          connection.send(request, done, () => (first = clockMs() - startedAt));
        }),
      close: () => connection.destroy(),
    };
  };
}

type AnyJob = Jobs[keyof Jobs][0];

function work(job: AnyJob): Promise<unknown> {
  switch (job.type) {
    case 'load':
      return load(job);
    case 'pairs':
      return pairs(job);
    case 'leave':
      return leave(job);
    case 'stuck':
      return stuck(job);
    case 'sync':
      return syncTimes(job);
  }
}

process.on('message', (job: AnyJob) => {
  work(job).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ problem: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit()); // whoever asked is gone
