// The process: arguments, environment, files and signals in; exit codes out. The only reader of `process`.

import { chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, formatProblem } from '../../config/problems';
import {
  findMasterKey,
  fingerprint,
  type ProcessOptions,
  readConfig,
  readProcessOptions,
  withDotEnv,
} from './app/environment';
import { type RunningGateway, startGateway } from './app/start';
import { openLog } from './telemetry/log';
import { StoreError } from './storage/sqlite/store';
import { serveBodyWorker } from './pipeline/bodyWorker';

/** EX_CONFIG of sysexits.h: the configuration cannot be used. */
const badConfig = 78;
const lookForChangesMs = 1_000;

async function serve(): Promise<void> {
  const environment = withDotEnv(process.env);
  const place = readProcessOptions(environment);
  process.umask(0o077); // what the data folder holds is nobody else's
  becomeUser(place);
  mkdirSync(place.dataPath, { recursive: true, mode: 0o700 });
  const log = openLog();
  let running: RunningGateway;
  try {
    running = await startGateway({
      ...place,
      log,
      readConfig: () => readConfig(place, environment),
      masterKeyOf: (config) => {
        const { key, made } = findMasterKey(config, place);
        if (made !== undefined) log.info(`OVTH_MASTER_KEY is not set: a master key was made and is kept in ${made}`);
        return key;
      },
    });
  } catch (error) {
    await log.flush();
    throw error;
  }
  log.info(`listening on ${running.url}`, { config: running.config.digest.slice(0, 16) });
  void log.flush();

  let stopping = false;
  const stop = (code: number) => {
    if (stopping) return;
    stopping = true;
    running.stop().then(
      () => exit(code),
      (error: unknown) => {
        log.error('stopping failed', error);
        exit(1);
      },
    );
  };
  const exit = (code: number) => void log.flush().then(() => process.exit(code));
  process.on('SIGTERM', () => stop(0));
  process.on('SIGINT', () => stop(0));
  process.on('SIGHUP', () => running.reload());
  const crash = (error: unknown) => {
    log.error('an unexpected error; the gateway drains and ends', error);
    stop(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);

  // Polled, because a single file mounted into a container sends no events for its folder, and a renamed one none for itself.
  let seen = fingerprint(place);
  setInterval(() => {
    const next = fingerprint(place);
    if (next === seen) return;
    seen = next;
    running.reload();
  }, lookForChangesMs).unref();
}

/** Says what is wrong with the configuration, and ends with 0 or 78; nothing is started. */
function check(): void {
  const environment = withDotEnv(process.env);
  const config = readConfig(readProcessOptions(environment), environment);
  for (const warning of config.warnings) console.log(`warning: ${warning}`);
  console.log(
    `the configuration is valid: ${config.routes.size} routes, providers ${[...config.providers.keys()].join(', ')}`,
  );
}

// In a container that starts as root (its data folder was made by Docker), make that folder ours and drop all rights.
function becomeUser(place: ProcessOptions): void {
  if (place.runAs === undefined || process.getuid?.() !== 0) return;
  const { uid, gid } = place.runAs;
  mkdirSync(place.dataPath, { recursive: true, mode: 0o700 });
  const give = (path: string) => chownSync(path, uid, gid);
  give(place.dataPath);
  for (const entry of readdirSync(place.dataPath, { recursive: true })) give(join(place.dataPath, String(entry)));
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

function fail(error: unknown): never {
  if (error instanceof ConfigError) {
    console.error(
      `The configuration cannot be used:\n${error.problems.map((problem) => `  - ${formatProblem(problem)}`).join('\n')}`,
    );
    process.exit(badConfig);
  }
  if (error instanceof StoreError) console.error(`The ledger cannot be used: ${error.message}`);
  else if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    console.error('The address is in use: another gateway is running, or set OVTH_PORT to another port.');
  else console.error(error);
  process.exit(1);
}

const [command = 'serve'] = process.argv.slice(2);
if (serveBodyWorker()) {
  // This is a worker of a gateway that runs already.
} else if (command === 'serve') serve().catch(fail);
else if (command === 'check') {
  try {
    check();
  } catch (error) {
    fail(error);
  }
} else {
  console.error(`"${command}" is not a command. There are: serve (default), check.`);
  process.exit(64);
}
