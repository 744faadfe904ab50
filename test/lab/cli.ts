// `npm run lab`: a cloud to try things on by hand, until Ctrl-C.
import { labStack, labZone, startHandLab } from './byHand';
import { whatIsMissing } from './lab';
import { projectRoot } from './shell';

async function main(): Promise<void> {
  const missing = whatIsMissing();
  if (missing.length > 0) {
    console.error(`The lab cannot run here. Missing:\n${missing.map((line) => `- ${line}`).join('\n')}`);
    process.exitCode = 1;
    return;
  }
  const started = Date.now();
  const upstreamPorts = (process.env['LAB_UPSTREAM_PORTS'] ?? '').split(',').filter(Boolean).map(Number);
  const hand = await startHandLab(projectRoot(), upstreamPorts.length === 0 ? {} : { upstreamPorts });
  const { lab } = hand;
  const exports = Object.entries(hand.env).map(([key, value]) => `export ${key}='${value}'`);
  console.log(
    [
      `The lab runs (${lab.mode} boxes, started in ${((Date.now() - started) / 1000).toFixed(1)} s). In another terminal, in this folder:`,
      '',
      ...exports,
      '',
      'pulumi up',
      hand.question,
      '',
      `The stack is "${labStack}", its settings are in Pulumi.${labStack}.yaml, and every command of README.md and infra/README.md`,
      `works on it. "docker ps" shows the boxes. Names in the DNS zone ${labZone} resolve for certificates.`,
      '',
      `Hetzner API      ${lab.cloud.endpoint}`,
      `ACME directory   ${lab.acmeDirectory} (its root: ${lab.folder}/root.pem)`,
      `CA root          ${hand.env['CURL_CA_BUNDLE']} (of the certificates it issues)`,
      `image registry   ${lab.registry} (library/NAME there is NAME in a box)`,
      `providers        ${lab.upstreams.join(' ')}`,
      '                 simulators; LAB_UPSTREAM_PORTS=A,B,C carries them to others of this machine',
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
  await hand.stop();
}

main().catch((problem: unknown) => {
  console.error(problem instanceof Error ? problem.message : problem);
  process.exitCode = 1;
});
