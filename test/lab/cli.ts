// `npm run lab`: a cloud to try things on by hand, until Ctrl-C.
import { startLab, whatIsMissing } from './lab';

async function main(): Promise<void> {
  const missing = whatIsMissing();
  if (missing.length > 0) {
    console.error(`The lab cannot run here. Missing:\n${missing.map((line) => `- ${line}`).join('\n')}`);
    process.exitCode = 1;
    return;
  }
  const started = Date.now();
  const upstreamPorts = (process.env['LAB_UPSTREAM_PORTS'] ?? '').split(',').filter(Boolean).map(Number);
  const lab = await startLab({ upstreamPorts });
  const exports = Object.entries(lab.env).map(([key, value]) => `export ${key}='${value}'`);
  console.log(
    [
      `The lab runs (${lab.mode} boxes, started in ${((Date.now() - started) / 1000).toFixed(1)} s). In another terminal:`,
      '',
      ...exports,
      `export DOCKER_HOST='${lab.docker.host}'    # to look at the boxes: docker ps`,
      '',
      `Hetzner API      ${lab.cloud.endpoint}`,
      `ACME directory   ${lab.acmeDirectory} (its root: ${lab.folder}/root.pem)`,
      `image registry   ${lab.registry} (library/NAME there is NAME in a box)`,
      `providers        ${lab.upstreams.join(' ')}`,
      '                 carried to the ports in LAB_UPSTREAM_PORTS=A,B,C',
      `logs             ${lab.folder}`,
      '',
      'Ctrl-C ends it and removes everything it has made.',
    ].join('\n'),
  );
  const busy = setInterval(() => undefined, 60_000);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  clearInterval(busy);
  console.log('stopping');
  await lab.stop();
}

main().catch((problem: unknown) => {
  console.error(problem instanceof Error ? problem.message : problem);
  process.exitCode = 1;
});
