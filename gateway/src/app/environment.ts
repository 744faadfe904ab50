// Where configuration comes from: files and environment variables, read afresh at every load.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { type Config, type Environment, loadConfig } from '../../../config/load';
import { ConfigError, type Problem } from '../../../config/problems';
import { Secret } from '../../../config/secret';
import { yamlBounds } from '../../../config/yaml';

export interface ProcessOptions {
  readonly configPath: string;
  /** The path was named by OVTH_CONFIG: then the file must be there. */
  readonly configNamed: boolean;
  readonly dataPath: string;
  readonly host: string;
  readonly port: number;
  /** `uid:gid` to drop to when started as root. */
  readonly runAs: { readonly uid: number; readonly gid: number } | undefined;
}

/** @throws ConfigError for values that are none */
export function readProcessOptions(environment: Environment): ProcessOptions {
  const problems: Problem[] = [];
  const port = environment['OVTH_PORT'] ?? '8080';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    problems.push({ path: 'OVTH_PORT', message: `must be a port from 0 to 65535, found ${JSON.stringify(port)}.` });
  const runAs = environment['OVTH_RUN_AS'];
  const ids = runAs === undefined ? undefined : /^(\d+):(\d+)$/.exec(runAs);
  if (ids === null)
    problems.push({
      path: 'OVTH_RUN_AS',
      message: `must be uid:gid, such as 1000:1000, found ${JSON.stringify(runAs)}.`,
    });
  if (environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    problems.push({
      path: 'NODE_TLS_REJECT_UNAUTHORIZED',
      message:
        'is 0: anybody on the way could read your provider keys. Unset it; for a private authority use NODE_EXTRA_CA_CERTS.',
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    configPath: environment['OVTH_CONFIG'] ?? './config.yaml',
    configNamed: environment['OVTH_CONFIG'] !== undefined,
    dataPath: environment['OVTH_DATA'] ?? './data',
    host: environment['OVTH_HOST'] ?? '127.0.0.1',
    port: Number(port),
    runAs: ids === undefined || ids === null ? undefined : { uid: Number(ids[1]), gid: Number(ids[2]) },
  };
}

/** The process environment, completed from `.env` in the working folder. What is set already wins, as in every tool that reads .env. */
export function withDotEnv(environment: Environment, path = '.env'): Environment {
  return { ...readEnvFile(path), ...environment };
}

/**
 * The configuration as it stands on disk now. `secrets.env` beside the configuration file wins over the environment:
 * it is what a deploy replaces while the gateway runs.
 * @throws ConfigError
 */
export function readConfig(place: ProcessOptions, environment: Environment): Config {
  const text = readText(place.configPath, place.configNamed);
  return loadConfig(text, { ...environment, ...readEnvFile(secretsPath(place)) });
}

/** What a deploy says about itself, in `deploy.json` beside the configuration. */
export interface DeployStamp {
  /** 12 hex digits that name code, base image and container settings. */
  readonly release: string;
  /** How often the box has been put right. */
  readonly repairs: number;
}

/** Reads `deploy.json` as it stands now; undefined where there is none that can be read, as in a run by hand. */
export function readDeployStamp({ configPath }: Pick<ProcessOptions, 'configPath'>): DeployStamp | undefined {
  try {
    const { release, repairs } = JSON.parse(readBounded(join(dirname(configPath), 'deploy.json'))) as Record<
      string,
      unknown
    >;
    const known = typeof release === 'string' && /^[0-9a-f]{12}$/.test(release);
    return known && Number.isSafeInteger(repairs) ? { release, repairs: repairs as number } : undefined;
  } catch {
    return undefined;
  }
}

/** Changes whenever one of the files a configuration is read from changes. */
export function fingerprint(place: ProcessOptions): string {
  return [place.configPath, secretsPath(place)]
    .map((path) => {
      try {
        const { ino, mtimeMs, size } = statSync(path);
        return `${ino} ${mtimeMs} ${size}`;
      } catch {
        return '-';
      }
    })
    .join(' | ');
}

/**
 * The master key where none is configured: the one kept in the data folder, else a new one that is put there.
 * @returns the key, and the path of the file when it was made just now
 */
export function findMasterKey(place: ProcessOptions): { key: Secret; made?: string } {
  const path = join(place.dataPath, 'master.key');
  try {
    return keptMasterKey(path) ?? makeMasterKey(path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const remedy = 'set OVTH_MASTER_KEY, or give the data folder to the user that the gateway runs as';
    throw new ConfigError([{ path, message: `cannot be read or made (${codeOf(error)}); ${remedy}.` }]);
  }
}

/**
 * The master key of the gateway on this machine, as that one finds it: `secrets.env` beside the configuration, the environment,
 * the data folder. Nothing is made. @throws ConfigError for a file that cannot be read
 */
export function localMasterKey(place: ProcessOptions, environment: Environment): Secret | undefined {
  const set = readEnvFile(secretsPath(place))['OVTH_MASTER_KEY'] ?? environment['OVTH_MASTER_KEY'];
  if (set !== undefined && set.trim() !== '') return new Secret(set.trim());
  const path = join(place.dataPath, 'master.key');
  try {
    return keptMasterKey(path)?.key;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([{ path, message: `cannot be read (${codeOf(error)}); set OVTH_MASTER_KEY.` }]);
  }
}

// ---

function keptMasterKey(path: string): { key: Secret } | undefined {
  if (!existsSync(path)) return undefined;
  const kept = readBounded(path).trim();
  if (kept.length >= 32 && kept.length <= 1_024) return { key: new Secret(kept) };
  throw new ConfigError([
    { path, message: 'is damaged; delete it to have a new master key made, or set OVTH_MASTER_KEY.' },
  ]);
}

function makeMasterKey(path: string): { key: Secret; made: string } {
  const made = `ovth_master_${randomBytes(32).toString('base64url')}`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, `${made}\n`, { mode: 0o600, flag: 'wx' });
  return { key: new Secret(made), made: path };
}

const secretsPath = (place: ProcessOptions) => join(dirname(place.configPath), 'secrets.env');

function readEnvFile(path: string): Record<string, string | undefined> {
  try {
    return parseEnv(readBounded(path));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (isMissing(error)) return {};
    throw new ConfigError([{ path, message: `cannot be read (${codeOf(error)}).` }]);
  }
}

function readText(path: string, named: boolean): string | undefined {
  try {
    return readBounded(path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (isMissing(error) && !named) return undefined;
    const remedy =
      codeOf(error) === 'EISDIR'
        ? 'it is a folder: Docker makes one when the file to mount does not exist; remove it and create the file'
        : 'create it, or point OVTH_CONFIG at yours';
    throw new ConfigError([{ path, message: `cannot be read (${codeOf(error)}); ${remedy}.` }]);
  }
}

// A file that is no configuration is refused before it is read: a text of some hundred megabytes would end the gateway.
function readBounded(path: string): string {
  const { size } = statSync(path);
  if (size <= yamlBounds.bytes) return readFileSync(path, 'utf8');
  const [bytes, most] = [size, yamlBounds.bytes].map((count) => count.toLocaleString('en-US'));
  throw new ConfigError([{ path, message: `has ${bytes} bytes, and may have at most ${most}; is it the right file?` }]);
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown');
const isMissing = (error: unknown) => codeOf(error) === 'ENOENT';
