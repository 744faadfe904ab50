// The commands of the README, typed into the lab that `npm run lab` starts; then the secrets of the stack are replaced, and
// the server is rebuilt. One story: each test goes on from where the one before stopped.

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { hashKey } from '../../config/appKey';
import { type HandLab, labZone, startHandLab } from '../lab/byHand';
import { describeLab } from '../lab/describeLab';
import { type Ran, run, until } from '../lab/shell';
import { type Simulators, startSimulators } from '../simulators';
import { type Client, openClient } from './client';

const parts = [
  ...['infra', 'config', 'gateway', 'README.md', 'Pulumi.yaml', 'Pulumi.dev.yaml'],
  ...['package.json', 'package-lock.json', 'tsconfig.json'],
];
const ownKey = 'a key of my own, which has no form of ours';
const domain = `gateway.${labZone}`;

jest.setTimeout(900_000);

describeLab('the commands of the README, and every secret replaced', () => {
  let folder: string;
  let hand: HandLab;
  let others: Simulators;
  let client: Client;
  let keys: Record<string, string>;
  const before: Record<string, string> = {};
  const numbers: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ovth-clone-'));
    for (const part of parts) cpSync(part, join(folder, part), { recursive: true });
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    hand = await startHandLab(folder);
    others = await startSimulators({ keys: { openai: 'sk-another-key-of-openai-0123456789' } });
  }, 900_000);
  afterAll(async () => {
    await others?.close();
    await hand?.stop();
    rmSync(folder, { recursive: true, force: true });
    console.log(`Numbers of this run:\n${numbers.map((line) => `  ${line}`).join('\n')}`);
  }, 120_000);

  /** Runs a line as a person types it. */
  const type = async (line: string, input = '', check = true): Promise<Ran> => {
    const env = { ...process.env, ...hand.env };
    const ran = await run('bash', ['-c', line], { cwd: folder, env, input, check: false, timeoutMs: 900_000 });
    if (check && ran.code !== 0) throw new Error(`"${line}" ended with ${ran.code}:\n${ran.stdout}${ran.stderr}`);
    return ran;
  };
  const timed = async (what: string, line: string) => {
    const started = Date.now();
    const ran = await type(line);
    numbers.push(`${what.padEnd(50)} ${((Date.now() - started) / 1_000).toFixed(1)} s`);
    return ran;
  };
  const output = async <T>(name: string) =>
    JSON.parse((await type(`pulumi stack output ${name} --json --show-secrets`)).stdout) as T;
  /* eslint-disable-next-line @typescript-eslint/no-explicit-any -- settings are what they are */
  const configure = (change: (config: Record<string, any>) => void) => {
    const file = join(folder, 'Pulumi.prod.yaml');
    const content = parse(readFileSync(file, 'utf8')) as { config: Record<string, unknown> };
    change(content.config);
    writeFileSync(file, stringify(content));
  };
  const admin = (method: string, path: string, masterKey: string) =>
    client.send(method, path, { authorization: `Bearer ${masterKey}` });
  const keyRow = async (label: string) => {
    const listed = await admin('GET', '/admin/keys', await output<string>('masterKey'));
    const { data } = JSON.parse(listed.text) as { data: { id: string; label: string; today: { requests: number } }[] };
    return data.find((row) => row.label === label)!;
  };
  const statuses = (...all: string[]) => Promise.all(all.map(async (key) => (await client.chat(key)).status));

  /** Whether the box lets a private key in. */
  const letIn = async (privateKey: string) => {
    const [address, hostKey] = [await output<string>('ipv4'), await output<string>('sshHostKey')];
    const options = `-o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/dev/null`;
    const line = `k=$(mktemp); trap 'rm "$k"' EXIT; cat >"$k"; ssh ${options} -o "KnownHostsCommand=/bin/echo ${address} ${hostKey}" -i "$k" root@${address} true`;
    const ran = await type(line, privateKey, false);
    if (ran.code !== 0) expect(ran.stderr).toContain('Permission denied');
    return ran.code === 0;
  };

  test('from the README to an answered question', async () => {
    const block = [...readFileSync('README.md', 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)]
      .map(([, text = '']) => text)
      .find((text) => text.includes('pulumi stack init'))!;
    const { simulators } = hand;
    const sample = readFileSync(join(folder, 'Pulumi.dev.yaml'), 'utf8');
    for (const line of block.trim().split('\n')) {
      // The folder has its packages, and the lab's token is in the environment.
      if (/^npm ci|^export HCLOUD_TOKEN=/.test(line)) continue;
      const provider = /--secret --path ovth:provider_keys\.(\w+)/.exec(line)?.[1] as 'openai' | undefined;
      const went =
        line === 'pulumi up' ? await timed('first up', line) : await type(line, provider && simulators![provider].key);
      expect(went.code).toBe(0);
      if (line.startsWith('cp '))
        configure((config) => {
          Object.assign(config, hand.settings);
          config['ovth:keys'] = { cursor: { user: 'me' }, guest: {}, laptop: {}, mine: { sha256: hashKey(ownKey) } };
        });
    }
    const asked = await type(hand.question);
    expect(asked.stdout).toMatch(/"object": ?"chat.completion"/);
    expect(readFileSync(join(folder, 'Pulumi.dev.yaml'), 'utf8')).toBe(sample);
    keys = await output<Record<string, string>>('appKeys');
    client = openClient(await output<string>('url'), await hand.lab.issuedRoot());
    expect(await statuses(ownKey, keys['laptop']!, `${ownKey}?`)).toEqual([200, 200, 401]);
  });

  test('the stack that npm run lab makes is ready', async () => {
    await type('pulumi preview --stack lab');
  });

  test('the printed login works without an agent', async () => {
    expect(hand.env['SSH_AUTH_SOCK']).toBe('');
    const command = /`(eval "\$\(pulumi stack output sshCommand\)")`/.exec(
      readFileSync('infra/README.md', 'utf8'),
    )![1]!;
    expect((await type(command, 'hostname\n')).stdout).toMatch(/^ovth-server-[0-9a-f]{7}$/m);
  });

  test('a name in a zone at Hetzner gets its records and a certificate', async () => {
    await type(`pulumi config set ovth:domain ${domain} && pulumi config set --path ovth:dns.zone ${labZone}`);
    await timed('a domain in a zone', 'pulumi up');
    const address = await output<string>('ipv4');
    const state = await hand.lab.cloud.state();
    const set = state.rrsets.map(({ name, type, records }) => [type, name, records[0]?.value]).sort();
    expect(set).toEqual([['A', 'gateway', address], ['AAAA', 'gateway', await output<string>('ipv6')]]); // prettier-ignore
    const ptr = state.primary_ips.find(({ ip }) => ip === address)?.dns_ptr;
    expect(ptr).toEqual([{ ip: address, dns_ptr: domain }]);
    expect(await output('dnsRecords')).toEqual([]);
    const url = await output<string>('url');
    expect(url).toBe(`https://${domain}`);
    client = openClient(url, await hand.lab.issuedRoot(), address);
    await until('a certificate for the name', async () => (await client.send('GET', '/livez').catch(() => undefined))?.status === 200, 60_000); // prettier-ignore
  });

  test('all that the settings rotate, in one update under load: no request fails, and what should go on goes on', async () => {
    before['master'] = await output<string>('masterKey');
    before['login'] = await output<string>('sshPrivateKey');
    const renamed = await keyRow('laptop');
    expect(renamed.today.requests).toBe(1);
    hand.lab.setUpstream(0, Number(new URL(others.openai.baseUrl).port));
    await type('pulumi config set --secret --path ovth:provider_keys.openai', others.openai.key);
    for (const setting of ['ovth:ssh', 'ovth:master_key', 'ovth:keys.cursor'])
      await type(`pulumi config set --path ${setting}.generation 2`);
    configure((config) => {
      const { laptop: _laptop, ...rest } = config['ovth:keys'];
      config['ovth:keys'] = { ...rest, desk: { renamed_from: 'laptop' } };
      config['ovth:routes'].auto = { providers: ['openai'] };
    });
    const load = client.load(ownKey, 10);
    await timed('an update that rotates', 'pulumi up');
    await load.stop();
    numbers.push(`requests meanwhile: ${load.answers.length}`);
    expect(load.answers.filter(({ status }) => status !== 200)).toEqual([]);

    const after = await output<Record<string, string>>('appKeys');
    expect(Object.keys(after).sort()).toEqual(['cursor', 'desk', 'guest']);
    expect([after['desk'], after['guest']]).toEqual([keys['laptop'], keys['guest']]);
    expect(await keyRow('desk')).toMatchObject({ id: renamed.id, today: { requests: 1 } });
    const [old, fresh] = [await client.chat(keys['cursor']!), await client.chat(after['cursor']!)];
    expect([old.status, fresh.status]).toEqual([200, 200]);
    expect(Date.parse(String(old.headers['x-ovth-old-key']))).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    expect(fresh.headers['x-ovth-old-key']).toBeUndefined();
    expect(others.openai.counts.started).toBeGreaterThan(0);
    expect((await admin('GET', '/admin/keys', before['master'])).status).toBe(401);
    const login = await output<string>('sshPrivateKey');
    expect([await letIn(before['login']), await letIn(login)]).toEqual([false, true]);
    before['second login'] = login;
    keys = after;
    await type('pulumi up --refresh --expect-no-changes');
  });

  test('a key generation that is skipped is refused with the next one', async () => {
    await type('pulumi config set --path ovth:ssh.generation 4');
    const ran = await type('pulumi preview', '', false);
    expect(ran.code).not.toBe(0);
    expect(ran.stdout + ran.stderr).toMatch(/ovth:ssh.generation: is 4, and the server has key 2: .*set it to 3/);
    await type('pulumi config set --path ovth:ssh.generation 2');
  });

  test('a declared key that is revoked stays so over an update and a restart', async () => {
    const { id } = await keyRow('guest');
    expect((await admin('DELETE', `/admin/keys/${id}`, await output<string>('masterKey'))).status).toBe(200);
    expect(await statuses(keys['guest']!)).toEqual([401]);
    await type('pulumi config set --path ovth:keys.guest.user someone');
    await type('pulumi up');
    await hand.lab.boxes()[0]!.exec('docker restart $(docker ps -qf name=ovth-gateway)', { timeoutMs: 60_000 });
    await until('the gateway', async () => (await client.chat(ownKey).catch(() => undefined))?.status === 200, 60_000);
    expect(await statuses(keys['guest']!, keys['desk']!)).toEqual([401, 200]);
  });

  test('a rebuilt server has another identity, and all that was replaced holds', async () => {
    before['host'] = await output<string>('sshHostKey');
    await type('pulumi config set --path ovth:server.generation 2');
    await type('pulumi config set --path ovth:keys.guest.generation 2');
    await timed('a rebuilt server', 'pulumi up');
    expect(await output<string>('sshHostKey')).not.toBe(before['host']);
    const after = await output<Record<string, string>>('appKeys');
    await until('the gateway', async () => (await client.chat(ownKey).catch(() => undefined))?.status === 200, 60_000);
    expect(await statuses(keys['guest']!, after['guest']!, keys['desk']!, after['cursor']!)).toEqual([
      401, 200, 200, 200,
    ]);
    const login = await output<string>('sshPrivateKey');
    expect([login, await letIn(login), await letIn(before['login']!)]).toEqual([before['second login'], true, false]);
    await type('pulumi up --expect-no-changes');
  });

  test('the program’s key is replaced on the rebuilt server too', async () => {
    await type('pulumi config set --path ovth:ssh.generation 3');
    await timed('a third key of the program', 'pulumi up');
    const login = await output<string>('sshPrivateKey');
    expect([await letIn(before['second login']!), await letIn(login)]).toEqual([false, true]);
    expect(hand.lab.cloud.inventory().filter((thing) => thing.startsWith('ssh_key/'))).toHaveLength(1);
    await type('pulumi up --expect-no-changes');
  });

  test('destroy takes the records along', async () => {
    await timed('destroy', 'pulumi destroy');
    expect(hand.lab.cloud.inventory()).toEqual([]);
  });
});
