// The lab itself: one server from order to end over plain HTTP and SSH, and then nothing is left of anything.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { settingsSchema } from '../../config/schema';
import { describeLab } from './describeLab';
import { startLab, type Box, type Lab } from './lab';
import { projectRoot, run, until } from './shell';

const images = settingsSchema.shape.images.parse(undefined);

type Json = ReturnType<typeof JSON.parse>;

interface Api {
  status: number;
  body: Json;
}

describeLab('a cloud on one machine', () => {
  let lab: Lab;
  let upstream: Server;
  let keys: string;
  const hosts = () => join(keys, 'known_hosts');

  beforeAll(async () => {
    keys = mkdtempSync(join(tmpdir(), 'ovth-lab-test-'));
    for (const name of ['login', 'host', 'other'])
      await run('ssh-keygen', ['-qt', 'ed25519', '-N', '', '-f', join(keys, name)]);
    upstream = createServer((request, response) => void response.end(`upstream heard ${request.url}`));
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    lab = await startLab({ upstreamPorts: [(upstream.address() as AddressInfo).port] });
    // On a new machine it makes the images first.
  }, 900_000);

  afterAll(async () => {
    const folder = lab?.folder;
    const host = lab?.docker.host;
    // A box that still runs keeps connections to the authority open; they must not keep the lab from stopping.
    if (lab !== undefined) await once(connect(join(lab.folder, 'sockets', 'acme.sock')), 'connect');
    await lab?.stop();
    upstream?.close();
    rmSync(keys, { recursive: true, force: true });
    if (folder !== undefined) expectNothingLeft(folder, host);
  });

  const call = async (method: string, path: string, body?: unknown, token = lab.cloud.token): Promise<Api> => {
    const response = await fetch(`${lab.cloud.endpoint}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  };

  const finished = async (action: { id: number; status: string }) => {
    expect(action.status).toBe('running');
    let seen: Json = action;
    const over = async () => {
      seen = (await call('GET', `/actions?id=${action.id}&sort=status&sort=id`)).body['actions'][0];
      return seen.status !== 'running';
    };
    await until(`action ${action.id}`, over, 120_000);
    expect(seen).toMatchObject({ status: 'success', error: null });
  };

  const pin = (address: string, name: string) =>
    writeFileSync(hosts(), `${address} ${readFileSync(join(keys, `${name}.pub`), 'utf8')}`);

  const ssh = (address: string, command: string) =>
    run(
      'ssh',
      [
        ...['-F', 'none', '-i', join(keys, 'login'), '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
        ...['-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${hosts()}`, '-o', 'ConnectTimeout=5'],
        ...[`root@${address}`, command],
      ],
      { check: false, timeoutMs: 120_000, env: { ...process.env, SSH_AUTH_SOCK: '' } },
    );

  const userData = () => {
    const indent = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => `    ${line}`)
        .join('\n');
    return [
      '#cloud-config',
      'ssh_keys:',
      '  ed25519_private: |',
      indent(readFileSync(join(keys, 'host'), 'utf8')),
      `  ed25519_public: ${readFileSync(join(keys, 'host.pub'), 'utf8').trim()}`,
      'package_update: true',
      'packages: [docker.io, docker-cli, docker-compose, docker-buildx]',
      'write_files:',
      '  - {path: /etc/marker, permissions: "0600", content: written by cloud-init}',
      '',
    ].join('\n');
  };

  const ids: Record<string, number> = {};
  let box: Box;
  let address: string;

  test('a wrong token, a broken body and an unknown path are refused as the real API refuses them', async () => {
    expect(await call('GET', '/servers', undefined, 'x'.repeat(64))).toEqual({
      status: 401,
      body: { error: { code: 'unauthorized', message: 'unable to authenticate', details: null } },
    });
    expect((await call('GET', '/load_balancers')).body).toMatchObject({ error: { code: 'not_found' } });
    expect(await call('POST', '/servers', { name: 'no type' })).toMatchObject({
      status: 422,
      body: { error: { code: 'invalid_input', details: { fields: expect.any(Array) } } },
    });
  });

  test('key, firewall, address, volume and server are created, and the server comes up', async () => {
    const public_key = readFileSync(join(keys, 'login.pub'), 'utf8');
    ids['key'] = (await call('POST', '/ssh_keys', { name: 'login', public_key })).body['ssh_key'].id;
    expect(await call('POST', '/ssh_keys', { name: 'again', public_key })).toMatchObject({
      status: 409,
      body: { error: { code: 'uniqueness_error' } },
    });
    const rule = { direction: 'in', protocol: 'tcp', port: '443', source_ips: ['0.0.0.0/0', '::/0'] };
    ids['firewall'] = (await call('POST', '/firewalls', { name: 'wall', rules: [rule] })).body['firewall'].id;
    const ip = await call('POST', '/primary_ips', { name: 'address', type: 'ipv4', location: 'nbg1' });
    ids['ip'] = ip.body['primary_ip'].id;
    address = ip.body['primary_ip'].ip;
    expect(address).toMatch(/^127\.0\.0\.\d+$/);
    const volume = await call('POST', '/volumes', { name: 'data', size: 10, location: 'nbg1', format: 'ext4' });
    ids['volume'] = volume.body['volume'].id;
    await finished(volume.body['action']);

    lab.cloud.next('POST /servers', { code: 'resource_unavailable', message: 'error during placement' });
    const order = {
      name: 'gateway-1',
      server_type: 'cx23',
      image: 'debian-13',
      location: 'nbg1',
      ssh_keys: [ids['key']],
      firewalls: [{ firewall: ids['firewall'] }],
      user_data: userData(),
      public_net: { enable_ipv4: true, enable_ipv6: true, ipv4: ids['ip'] },
    };
    expect((await call('POST', '/servers', order)).status).toBe(412);
    const server = await call('POST', '/servers', order);
    expect(server).toMatchObject({ status: 201, body: { server: { status: 'initializing' } } });
    ids['server'] = server.body['server'].id;
    await finished(server.body['action']);
    const attached = await call('POST', `/volumes/${ids['volume']}/actions/attach`, { server: ids['server'] });
    await finished(attached.body['action']);
    expect((await call('GET', `/servers/${ids['server']}`)).body['server']).toMatchObject({
      status: 'running',
      public_net: { ipv4: { id: ids['ip'], ip: address }, firewalls: [{ id: ids['firewall'] }] },
      volumes: [ids['volume']],
    });
    box = lab.box('gateway-1');
  });

  test('the user data is applied by the real cloud-init, and the pinned host key lets in', async () => {
    pin(address, 'host');
    await until('sshd', async () => (await ssh(address, 'true')).code === 0, 60_000);
    expect(await box.cloudInit()).toMatchObject({ status: 'done', extendedStatus: 'done', errors: [] });
    expect((await ssh(address, 'cat /etc/marker; hostname')).stdout).toBe('written by cloud-initgateway-1\n');
    pin(address, 'other');
    expect((await ssh(address, 'true')).stderr).toContain('Host key verification failed');
    pin(address, 'host');
  });

  test('docker works in it, pulling the base images under their own names', async () => {
    const version = await ssh(address, `docker run --rm ${images.node} node --version`);
    // The lab's image has the newest Node that npm has, which may be behind the release that the deploy names.
    const major = images.node.split(/[:.]/)[1];
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`^v${major}\\.`)) });
    const caddy = await ssh(address, `docker run --rm ${images.caddy} caddy list-modules`);
    expect(caddy.stdout).toContain('http.handlers.reverse_proxy');
  });

  test('a container in it reaches the providers, the ACME server and, unless forbidden, the metadata service', async () => {
    const fetchText = (url: string) =>
      ssh(address, `docker run --rm ${images.caddy} wget -qO- -T 5 --no-check-certificate ${url}`);
    expect((await fetchText(`${lab.upstreams[0]}/v1/models`)).stdout).toBe('upstream heard /v1/models');
    expect((await fetchText(lab.acmeDirectory)).stdout).toContain('https://198.18.0.1:14000/');
    expect((await fetchText('http://169.254.169.254/hetzner/v1/userdata')).stdout).toContain('ed25519_private');
    await ssh(address, 'iptables -I DOCKER-USER -d 169.254.169.254 -j DROP');
    expect((await fetchText('http://169.254.169.254/hetzner/v1/userdata')).code).not.toBe(0);
  });

  test('the volume is a block device; what is on it outlives a power loss and comes back at boot', async () => {
    const device = `/dev/disk/by-id/scsi-0HC_Volume_${ids['volume']}`;
    const mount = `mkdir -p /mnt/data && echo '${device} /mnt/data ext4 defaults,nofail 0 2' >>/etc/fstab && mount /mnt/data`;
    expect(await ssh(address, `test -b ${device} && ${mount} && echo kept >/mnt/data/file && sync`)).toMatchObject({
      code: 0,
    });
    await box.kill();
    expect((await call('GET', `/servers/${ids['server']}`)).body['server'].status).toBe('off');
    expect((await ssh(address, 'true')).stderr).toContain('Connection refused');
    await finished((await call('POST', `/servers/${ids['server']}/actions/poweron`)).body['action']);
    await until('sshd', async () => (await ssh(address, 'true')).code === 0, 60_000);
    expect((await ssh(address, 'findmnt -no FSTYPE /mnt/data && cat /mnt/data/file')).stdout).toBe('ext4\nkept\n');
  });

  test('a certificate is issued for a name and for an address, to the Caddy of the base image', async () => {
    await lab.setName('gateway.test', address);
    const caddyfile = [
      `{\n acme_ca ${lab.acmeDirectory}\n acme_ca_root /etc/caddy/acme-root.pem\n default_sni ${address}\n}`,
      'gateway.test {\n respond "by name"\n}',
      `https://${address} {\n tls {\n  issuer acme {\n   profile shortlived\n  }\n }\n respond "by address"\n}\n`,
    ].join('\n');
    await box.exec('mkdir -p /etc/caddy && cat >/etc/caddy/acme-root.pem', { input: lab.acmeRoot });
    await box.exec('cat >/etc/caddy/Caddyfile', { input: caddyfile });
    await box.exec(`docker run -d --name front -p 80:80 -p 443:443 -v /etc/caddy:/etc/caddy:ro ${images.caddy}`);
    const root = join(keys, 'issued.pem');
    writeFileSync(root, await lab.issuedRoot());
    const get = async (url: string) =>
      (await run('curl', ['-s', '--cacert', root, '--resolve', `gateway.test:443:${address}`, url], { check: false }))
        .stdout;
    await until('the name', async () => (await get('https://gateway.test/')) === 'by name', 30_000);
    await until('the address', async () => (await get(`https://${address}/`)) === 'by address', 30_000);
  });

  test('a volume grows, and moves to the next server with its data', async () => {
    await finished((await call('POST', `/volumes/${ids['volume']}/actions/resize`, { size: 11 })).body['action']);
    expect((await ssh(address, 'blockdev --getsize64 $(findmnt -no SOURCE /mnt/data)')).stdout.trim()).toBe(
      String(11 * 1024 ** 3),
    );
    await finished((await call('POST', `/volumes/${ids['volume']}/actions/detach`)).body['action']);
    expect((await ssh(address, 'findmnt /mnt/data; ls /dev/disk/by-id')).stdout.trim()).toBe('');
    await finished((await call('DELETE', `/servers/${ids['server']}`)).body['action']);
    const order = {
      name: 'gateway-2',
      server_type: 'cx23',
      image: 'debian-13',
      location: 'nbg1',
      ssh_keys: [ids['key']],
      volumes: [ids['volume']],
      public_net: { enable_ipv4: true, enable_ipv6: false, ipv4: ids['ip'] },
    };
    const next = await call('POST', '/servers', order);
    ids['server'] = next.body['server'].id;
    await finished(next.body['action']);
    const device = `/dev/disk/by-id/scsi-0HC_Volume_${ids['volume']}`;
    const second = lab.box('gateway-2');
    // The server is started, and its boot makes the device.
    const there = async () => (await second.exec(`test -b ${device}`, { check: false })).code === 0;
    await until('the device', there, 60_000);
    expect((await second.exec(`mount ${device} /mnt && cat /mnt/file`)).stdout).toBe('kept\n');
  });

  test('everything can be removed, in the order that the API demands', async () => {
    expect((await call('DELETE', `/primary_ips/${ids['ip']}`)).body).toMatchObject({
      error: { code: 'must_be_unassigned' },
    });
    await finished((await call('DELETE', `/servers/${ids['server']}`)).body['action']);
    for (const [kind, id] of [
      ['volumes', ids['volume']],
      ['primary_ips', ids['ip']],
      ['firewalls', ids['firewall']],
      ['ssh_keys', ids['key']],
    ])
      expect((await call('DELETE', `/${kind}/${id}`)).status).toBe(204);
    expect(lab.cloud.inventory()).toEqual([]);
    expect(lab.boxes()).toEqual([]);
    expect(
      (await lab.docker.run(['ps', '--all', '--quiet', '--filter', `label=lab=${basename(lab.folder)}`])).stdout,
    ).toBe('');
    expect(spawnSync('losetup', ['--list']).stdout.toString()).not.toContain(lab.folder);
  });
});

describeLab('a lab that is killed', () => {
  test('leaves nothing behind: no box, no process, no device', async () => {
    const bundle = join(projectRoot(), 'dist', 'tools', 'lab-under-test.js');
    const source = join(__dirname, 'cli.ts');
    await run('npx', ['esbuild', source, '--bundle', '--platform=node', `--outfile=${bundle}`, '--log-level=error']);
    const lab = spawn(process.execPath, [bundle], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    lab.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until('the lab', async () => said.includes('Ctrl-C ends it'), 120_000);
    const value = (name: string) => new RegExp(`export ${name}='([^']*)'`).exec(said)?.[1] ?? '';
    const folder = dirname(dirname(value('PULUMI_HOME')));
    const docker = value('DOCKER_HOST');
    const post = (path: string, body: object) =>
      fetch(`${value('HCLOUD_ENDPOINT')}${path}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${value('HCLOUD_TOKEN')}` },
        body: JSON.stringify(body),
      });
    await post('/volumes', { name: 'data', size: 10, location: 'nbg1', format: 'ext4' });
    await post('/servers', { name: 'a', server_type: 'cx23', image: 'debian-13', location: 'nbg1' });
    const boxes = () => spawnSync('docker', ['--host', docker, 'ps', '--quiet']).stdout.toString();
    await until('the server', async () => boxes() !== '', 30_000);
    await until('the volume', async () => spawnSync('losetup', ['--list']).stdout.includes(folder), 30_000);
    lab.kill('SIGKILL');
    await until('the guard', async () => !existsSync(folder), 60_000);
    expectNothingLeft(folder, docker);
  });
});

// ---

function expectNothingLeft(folder: string, host: string): void {
  expect(existsSync(folder)).toBe(false);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder);
  expect(spawnSync('losetup', ['--list']).stdout.toString()).not.toContain(folder);
  // A daemon that was there before stays; ours is gone.
  if (host.includes(folder)) expect(spawnSync('docker', ['--host', host, 'version']).status).not.toBe(0);
  const commands = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map((pid) => join('/proc', pid, 'cmdline'))
    .map((file) => (existsSync(file) ? spawnSync('cat', [file]).stdout.toString() : ''));
  expect(commands.filter((command) => command.includes(folder))).toEqual([]);
}
