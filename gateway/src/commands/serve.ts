// `serve`: the gateway as a process. Files, environment and signals in; exit codes out.

import { chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '../../../config/exitCodes';
import type { Environment } from '../../../config/load';
import type { Secret } from '../../../config/secret';
import {
  findMasterKey,
  fingerprint,
  type ProcessOptions,
  readConfig,
  readDeployStamp,
  readProcessOptions,
  withDotEnv,
} from '../app/environment';
import { type RunningGateway, startGateway } from '../app/start';
import { type Log, openLog } from '../telemetry/log';
import { releaseSignals } from './earlySignals';
import { setUpEngine, warmTicks } from './javascriptEngine';

const lookForChangesMs = 1_000;

/** Runs the gateway until a signal ends the process. @throws ConfigError, StorageUnusable, or the operating system's error */
export async function serve(): Promise<void> {
  setUpEngine();
  const environment = withDotEnv(process.env);
  const options = readProcessOptions(environment);
  process.umask(0o077); // what the data folder holds is nobody else's
  becomeUser(options);
  mkdirSync(options.dataPath, { recursive: true, mode: 0o700 });
  const log = openLog();
  const seen = fingerprint(options); // before the files are read: a change meanwhile is noticed
  const running = await start(options, environment, log);
  // At any level: it is how a supervisor and a person know that the gateway is there.
  log.always(`listening on ${running.url}`, { config: running.config.digest.slice(0, 16) });
  void log.flush();
  handleSignals(running, log);
  watchFiles(options, running, seen);
  releaseSignals();
  setImmediate(warmTicks);
}

// ---

async function start(options: ProcessOptions, environment: Environment, log: Log): Promise<RunningGateway> {
  let kept: Secret | undefined; // the data folder's: read once, so that a file that is damaged or lost later ends nothing
  try {
    return await startGateway({
      ...options,
      log,
      readConfig: () => readConfig(options, environment),
      // Read anew for each answer: a repair changes it while the gateway runs.
      deployStamp: () => readDeployStamp(options),
      masterKeyOf: (config) => {
        if (config.masterKey !== undefined) return config.masterKey;
        if (kept !== undefined) return kept;
        const { key, made } = findMasterKey(options);
        kept = key;
        if (made !== undefined) log.info(`OVTH_MASTER_KEY is not set: a master key was made and is kept in ${made}`);
        return key;
      },
    });
  } catch (error) {
    await log.flush();
    throw error;
  }
}

function handleSignals(running: RunningGateway, log: Log): void {
  let stopping = false;
  const exit = (code: number) => void log.flush().then(() => process.exit(code));
  const stop = (code: number) => {
    if (stopping) return;
    stopping = true;
    running.stop().then(
      () => exit(code),
      (error: unknown) => {
        log.error('stopping failed', error);
        exit(exitCodes.failed.code);
      },
    );
  };
  process.on('SIGTERM', () => stop(exitCodes.done.code));
  process.on('SIGINT', () => stop(exitCodes.done.code));
  process.on('SIGHUP', () => void running.reload());
  const crash = (error: unknown) => {
    log.error('an unexpected error; the gateway drains and ends', error);
    stop(exitCodes.failed.code);
  };
  void running.lost.then(() => stop(exitCodes.failed.code));
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
}

// Polled, because a single file mounted into a container sends no events for its folder, and a renamed one none for itself.
function watchFiles(options: ProcessOptions, running: RunningGateway, before: string): void {
  let seen = before;
  setInterval(() => {
    const next = fingerprint(options);
    if (next === seen) return;
    seen = next;
    void running.reload();
  }, lookForChangesMs).unref();
}

// In a container that starts as root (its data folder was made by Docker), makes that folder ours and drops all rights.
function becomeUser({ runAs, dataPath }: ProcessOptions): void {
  if (runAs === undefined || process.getuid?.() !== 0) return;
  const { uid, gid } = runAs;
  mkdirSync(dataPath, { recursive: true, mode: 0o700 });
  const give = (path: string) => chownSync(path, uid, gid);
  give(dataPath);
  for (const entry of readdirSync(dataPath, { recursive: true })) give(join(dataPath, String(entry)));
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
