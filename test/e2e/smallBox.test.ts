// The smallest server: the guide's compose file by hand, one gateway on a box of 1 GB, with requests and streams at once.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describeLab } from '../lab/describeLab';
import { type Box, type Lab, startLab } from '../lab/lab';
import { run, until } from '../lab/shell';
import { startSimulators, type Simulators } from '../simulators';
import { composeFile, guideConfig } from '../support/guide';

const boxMemoryMb = 1_024;

describeLab('the guide by hand on a box of 1 GB', () => {
  let lab: Lab;
  let simulators: Simulators;
  let box: Box;
  const numbers: string[] = [];
  const masterKey = randomBytes(32).toString('hex');
  const onBox = async (command: string, input = '') =>
    (await box.exec(command, { input, timeoutMs: 120_000 })).stdout.trim();
  const note = async (when: string) => {
    const used = await lab.docker.run(['stats', '--no-stream', '--format', '{{.MemUsage}}', box.container]);
    const gateway = await onBox("docker stats --no-stream --format '{{.MemUsage}}'");
    numbers.push(
      `memory ${when}: the box ${used.stdout.trim().split(' ')[0]} of ${boxMemoryMb} MB, of it the gateway ${gateway.split(' ')[0]}`,
    );
  };

  beforeAll(async () => {
    simulators = await startSimulators();
    lab = await startLab({ boxMemoryMb, upstreamPorts: [Number(new URL(simulators.openai.baseUrl).port)] });
    const ordered = await fetch(`${lab.cloud.endpoint}/servers`, {
      method: 'POST',
      headers: { authorization: `Bearer ${lab.cloud.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ name: 'small', server_type: 'cx23', image: 'debian-13', location: 'nbg1' },
        user_data: '#cloud-config\npackages: [docker.io, docker-cli, docker-compose]\n',
      }),
    });
    expect(ordered.status).toBe(201);
    await until('the box', async () => lab.boxes().length === 1 && (await lab.boxes()[0]!.isOn()), 60_000);
    box = lab.boxes()[0]!;
    await box.cloudInit();
    await onBox('systemctl start docker');
    // The image as the guide builds it, brought rather than built: what is looked at is what runs.
    const clone = mkdtempSync(join(lab.folder, 'clone-'));
    execFileSync('git', ['clone', '--quiet', '--no-hardlinks', process.cwd(), clone]);
    const base = ['--build-arg', `NODE_IMAGE=${lab.images.node}`];
    await lab.docker.run(['build', '-f', join(clone, 'gateway/Dockerfile'), '-t', 'ovth-gateway', ...base, clone]);
    await run('sh', ['-c', `docker save ovth-gateway | docker exec -i ${box.container} docker load`], {
      env: { ...process.env, DOCKER_HOST: lab.docker.host },
    });
  }, 900_000);

  afterAll(async () => {
    await lab?.docker.run(['image', 'rm', '--force', 'ovth-gateway'], { check: false });
    await lab?.stop();
    await simulators?.close();
    console.log(`Numbers of this run:\n${numbers.map((line) => `  ${line}`).join('\n')}`);
  }, 120_000);

  test('serves 40 streams and a hundred requests at once, and is not ended for its memory', async () => {
    await onBox('mkdir -p /srv/gateway && cat > /srv/gateway/docker-compose.yml', composeFile);
    // The guide's, as far as it is OpenAI's: the other providers are not on this box's network.
    const config = guideConfig
      .replaceAll(/\[(anthropic|google)[^\]]*openai[^\]]*\]/g, '[openai]')
      .replace('claude-opus-4.7, ', '')
      .replace(/^ {2}cheap:\n(?: {4}.*\n)*/m, '');
    const hosts = `providers:\n  openai: {base_url: "${lab.upstreams[0]}/v1"}\n`;
    await onBox('cat > /srv/gateway/config.yaml', config + hosts);
    const env = `OPENAI_API_KEY=${simulators.openai.key}\nOVTH_MASTER_KEY=${masterKey}\n`;
    await onBox('cat > /srv/gateway/.env', env);
    await onBox('cd /srv/gateway && docker compose up -d --wait');
    await note('when it is up');
    const minted = await onBox(
      `curl -sf http://127.0.0.1:8080/admin/keys -H 'authorization: Bearer ${masterKey}' -d '{"label":"cursor"}'`,
    );
    const { key } = JSON.parse(minted) as { key: string };
    const ask = (body: object) =>
      `curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8080/v1/chat/completions -H 'authorization: Bearer ${key}' -d '${JSON.stringify({ model: 'gpt-5.5', max_completion_tokens: 500, ...body })}'`;
    const say = (content: string) => [{ role: 'user', content }];
    const streams = `for i in $(seq 40); do ${ask({ stream: true, messages: say('[[sim: chunks=100 gap_ms=100]] hi') })} & done; wait`;
    const requests = `for i in $(seq 100); do ${ask({ messages: say('hi') })} & done; wait`;
    const [streamed, answered] = await Promise.all([
      onBox(streams),
      onBox(requests),
      new Promise((resolve) => setTimeout(resolve, 5_000)).then(() => note('with 40 streams open')),
    ]);
    expect(streamed.split('\n')).toEqual(Array(40).fill('200'));
    expect(answered.split('\n')).toEqual(Array(100).fill('200'));
    const state = "docker inspect -f '{{.State.OOMKilled}} {{.RestartCount}}' $(docker ps -q)";
    expect(await onBox(state)).toBe('false 0');
    // What the system itself needs beside it is in the box's figure.
    const limit = 1_024 * 1_024;
    const used = await onBox(
      "cat /sys/fs/cgroup/memory/memory.stat /sys/fs/cgroup/memory.stat 2>/dev/null | awk '/^(total_rss|anon) /{print $2}' | head -n 1",
    );
    numbers.push(`memory of processes at the end, without the page cache: ${(Number(used) / limit).toFixed(0)} MB`);
    expect(Number(used)).toBeLessThan(boxMemoryMb * limit * 0.75);
  });
});
