// `npm run lab:fault`: makes the cloud of a lab that runs misbehave once, from the terminal in which the lab's exports are set.

const usage = `usage: npm run lab:fault -- 'METHOD /path' WHAT [MESSAGE] [TIMES]
  'POST /servers'    the request; * stands for one part of a path: 'POST /volumes/*/actions/attach'
  kill               it is carried out, and the Pulumi engine that asked is killed before it hears so
  lose               it is carried out, and the answer is lost
  CODE               it is refused with one of Hetzner's codes: resource_unavailable, resource_limit_exceeded, maintenance, …`;

async function main([on, what, message = 'set by npm run lab:fault', times = '1']: string[]): Promise<void> {
  const { HCLOUD_ENDPOINT: endpoint = '', HCLOUD_TOKEN: token = '' } = process.env;
  if (on === undefined || what === undefined) throw new Error(usage);
  if (!endpoint.startsWith('http://127.0.0.1:'))
    throw new Error('HCLOUD_ENDPOINT names no lab: paste the exports that `npm run lab` prints');
  const after = what === 'kill' || what === 'lose' ? { after: what } : undefined;
  const response = await fetch(`${endpoint}/_lab/faults`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ on, ...(after ?? { refuse: { code: what, message, times: Number(times) } }) }),
  });
  if (!response.ok) throw new Error(`the lab refuses: ${await response.text()}`);
  console.log(`the next "${on}" will see: ${what}`);
}

main(process.argv.slice(2)).catch((problem: unknown) => {
  console.error(problem instanceof Error ? problem.message : problem);
  process.exitCode = 1;
});
