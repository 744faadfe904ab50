// What a backup adds to a box and to a stack: Litestream's configuration, its container, and the checks before an update.

import { parse } from 'yaml';
import { parseSettings } from '../../config/check';
import { ConfigError, formatProblem } from '../../config/problems';
import { backupProblems } from '../../infra/preflight/backupChecks';
import { backupCompose, litestreamConfig } from '../../infra/render/backup';
import { gatewayRelease } from '../../infra/render/compose';

/* eslint-disable @typescript-eslint/no-explicit-any -- files are read as what they are */
const yaml = (text: string): any => parse(text);

const settingsOf = (backup: string) => parseSettings(`routes: {a: {providers: [openai]}}\n${backup}`);
const written = 'backup: {endpoint: "https://fsn1.your-objectstorage.com", bucket: ledgers}';
const backup = settingsOf(written).backup!;
const keys = { access_key_id: 'AKID', secret_access_key: '$HOME/"x": y' };
const ledger = 'e'.repeat(32);

test('each ledger has a folder of its own in the bucket, and a key arrives as it is', () => {
  const config = yaml(litestreamConfig({ backup, keys, ledger }));
  expect(config.dbs).toHaveLength(1);
  expect(config.dbs[0]).toMatchObject({
    path: '/data/ledger.db',
    replica: {
      type: 's3',
      endpoint: 'https://fsn1.your-objectstorage.com',
      bucket: 'ledgers',
      path: `ovth/${ledger}`,
      'force-path-style': true,
      'access-key-id': 'AKID',
      'secret-access-key': '$HOME/"x": y',
    },
  });
  expect(config.dbs[0].replica).not.toHaveProperty('region');
  expect(config.snapshot).toEqual({ interval: '24h', retention: '168h' });
  const other = { ...backup, region: 'auto', prefix: 'me/gateway', keep_days: 30, path_style: false };
  const changed = yaml(litestreamConfig({ backup: other, keys, ledger }));
  expect(changed.dbs[0].replica).toMatchObject({
    region: 'auto',
    path: `me/gateway/${ledger}`,
    'force-path-style': false,
  });
  expect(changed.snapshot.retention).toBe('720h');
});

test('its container has no rights, no secret in its environment or command, and expands nothing', () => {
  const text = backupCompose('litestream/litestream:0.5.18');
  const { backup: service } = yaml(text).services;
  const gateway = yaml(gatewayRelease('0123', 'node:26').compose).services.gateway;
  for (const rule of ['user', 'read_only', 'cap_drop', 'security_opt', 'restart', 'logging'])
    expect(service[rule]).toEqual(gateway[rule]);
  expect(service.user).toBe('1000:1000');
  expect(service.mem_limit).toBe('128m');
  expect(service.volumes).toEqual(['/srv/ovth/backup/config:/etc/litestream:ro', '/mnt/data/gateway:/data']);
  expect(service.command).toContain('-no-expand-env');
  expect(Object.keys(service.environment)).toEqual(['GOMEMLIMIT']);
  expect(service).not.toHaveProperty('ports');
});

const facts = { backupKeys: keys, secretKeys: ['ovth:backup_keys'], restore: undefined };
test.each([
  ['a backup with its keys', written, facts, []],
  ['no backup', '', { ...facts, backupKeys: undefined }, []],
  ['no keys', written, { ...facts, backupKeys: undefined }, [/^ovth:backup_keys: is missing: .*--secret/]],
  ['keys of no backup', '', facts, [/^ovth:backup: is missing, and ovth:backup_keys is set/]],
  ['readable keys', written, { ...facts, secretKeys: [] }, [/^ovth:backup_keys: stands readable in the stack's file/]],
  ['a restore to a moment', written, { ...facts, restore: '2026-11-27T06:00:00Z' }, []],
  [
    'a restore to no moment',
    written,
    { ...facts, restore: 'yesterday' },
    [/^OVTH_RESTORE: must be "latest" or a time/],
  ],
  [
    'a restore of no backup',
    '',
    { ...facts, backupKeys: undefined, restore: 'latest' },
    [/^OVTH_RESTORE: asks for the backup, and ovth:backup is not set/],
  ],
])('%s: what is said before an update', (_name, text, known, expected) => {
  const said = backupProblems(settingsOf(text), known).map(formatProblem);
  expect(said).toEqual(expected.map((words) => expect.stringMatching(words)));
});

test.each([
  ['http over the internet', 'endpoint: "http://s3.example.com", bucket: ledgers', 'must begin with https://'],
  ['keys in the URL', 'endpoint: "https://k:s@s3.example.com", bucket: ledgers', 'without a path'],
  ['a bucket in the URL', 'endpoint: "https://s3.example.com/ledgers", bucket: ledgers', 'without a path'],
  ['a name that no bucket has', 'endpoint: "https://s3.example.com", bucket: My_Ledgers', 'the name of a bucket'],
  [
    'a prefix from the root',
    'endpoint: "https://s3.example.com", bucket: led, prefix: /x',
    'without a slash at its beginning',
  ],
])('%s is refused', (_name, text, words) => {
  expect(() => settingsOf(`backup: {${text}}`)).toThrow(ConfigError);
  try {
    settingsOf(`backup: {${text}}`);
  } catch (error) {
    expect((error as ConfigError).problems.map(formatProblem).join('\n')).toContain(words);
  }
});

test('a server of one’s own may be spoken to without TLS', () => {
  expect(settingsOf('backup: {endpoint: "http://198.18.0.1:18082", bucket: ledgers}').backup?.endpoint).toContain(
    '198.18',
  );
});
