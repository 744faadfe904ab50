// Removes resources at Hetzner. It runs by itself, from standard input of `node -`, because `pulumi destroy` runs what the
// state holds and not the program: no imports of ours, and nothing newer than Node 20.
//   HCLOUD_TOKEN, HCLOUD_ENDPOINT   as for the provider
//   OVTH_REMOVE                     JSON: {"selector": "label=value,…"}, or {"things": [{"path": "servers", "id": "1"}, …]};
//                                   the path "attachments" detaches the volume of that id
// It prints a line for each, leaves what is protected, and ends with 1 when something could not be removed.

const api = process.env.HCLOUD_ENDPOINT || 'https://api.hetzner.cloud/v1';
const order = JSON.parse(process.env.OVTH_REMOVE || '{}');
/** A server goes first: it holds the others. */
const paths = ['attachments', 'servers', 'volumes', 'primary_ips', 'firewalls', 'ssh_keys'];
/** Answers after which the same call may succeed: the resource is still being released. */
const busy = ['locked', 'conflict', 'resource_in_use', 'must_be_unassigned', 'rate_limit_exceeded'];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function call(method, path) {
  const response = await fetch(`${api}/${path}`, {
    method,
    headers: { authorization: `Bearer ${process.env.HCLOUD_TOKEN}`, 'content-type': 'application/json' },
    ...(method === 'POST' ? { body: '{}' } : {}),
  });
  const text = await response.text();
  const body = text === '' ? {} : JSON.parse(text);
  if (response.ok) return body;
  const { code = `status ${response.status}`, message = '' } = body.error || {};
  throw Object.assign(new Error(`${message} (${code})`), { code });
}

async function insist(method, path) {
  for (let left = 60; ; left -= 1) {
    try {
      return await finished((await call(method, path)).action);
    } catch (error) {
      if (error.code === 'not_found') return;
      if (left === 0 || !busy.includes(error.code)) throw error;
      await pause(1_000);
    }
  }
}

async function finished(action) {
  while (action && action.status === 'running') {
    await pause(500);
    action = (await call('GET', `actions/${action.id}`)).action;
  }
  if (action && action.status === 'error') throw new Error(`${action.error.message} (${action.error.code})`);
}

async function all(path, selector) {
  const found = [];
  for (let page = 1; page;) {
    const body = await call('GET', `${path}?page=${page}&per_page=50&label_selector=${encodeURIComponent(selector)}`);
    found.push(...body[path]);
    page = body.meta.pagination.next_page;
  }
  return found;
}

async function chosen(path) {
  if (!order.selector) return (order.things || []).filter((thing) => thing.path === path);
  return path === 'attachments' ? [] : all(path, order.selector);
}

async function remove(path, id) {
  if (path === 'attachments') return insist('POST', `volumes/${id}/actions/detach`);
  if (path === 'volumes') {
    const { volume } = await call('GET', `volumes/${id}`);
    if (volume.server) await insist('POST', `volumes/${id}/actions/detach`);
  }
  await insist('DELETE', `${path}/${id}`);
}

async function main() {
  if (!process.env.HCLOUD_TOKEN) return console.log('HCLOUD_TOKEN is not set, so nothing was looked for');
  for (const path of paths) {
    for (const { id, name = '', protection } of await chosen(path)) {
      const thing = `${path}/${id}${name && ` (${name})`}`;
      if (protection && protection.delete) {
        console.log(`left: ${thing} is protected at Hetzner`);
        continue;
      }
      try {
        await remove(path, id);
        console.log(`removed: ${thing}`);
      } catch (error) {
        console.log(`not removed: ${thing}: ${error.message}`);
        process.exitCode = 1;
      }
    }
  }
}

main().catch((error) => {
  console.log(`Hetzner's API cannot be asked for what is left: ${error.message}`);
  process.exitCode = 1;
});
