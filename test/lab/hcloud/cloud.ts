// The Hetzner Cloud API, served by us: credentials, limits, faults and a log around the routes of each noun.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { lose, matcher, noFaults, type Fault, type Faults, type Loss } from './faults';
import { firewallRoutes } from './firewalls';
import type { Hardware } from './hardware';
import { primaryIpRoutes } from './primaryIps';
import { Refusal, statusOf } from './refusal';
import type { Answer, Routes } from './request';
import { salesRoutes } from './sales';
import { serverRoutes } from './servers';
import { showFirewall, showPrimaryIp, showRecordSet, showServer, showVolume } from './show';
import { sshKeyRoutes } from './sshKeys';
import { volumeRoutes } from './volumes';
import { emptyWorld, type World } from './world';
import { addZone, zoneRoutes } from './zones';

/** One request that the cloud has answered. */
export interface Call {
  method: string;
  /** Below `/v1`. */
  path: string;
  query: string;
  body: unknown;
  status: number;
  at: number;
}

export type { Fault, Loss };

/** The running cloud. */
export interface Cloud {
  /** For `HCLOUD_ENDPOINT`. */
  endpoint: string;
  /** For `HCLOUD_TOKEN`: 64 characters. */
  token: string;
  /** Every request so far, in order. */
  calls: readonly Call[];
  /** `METHOD /path` of the requests that changed something, in order, without those that were refused. */
  changes(): string[];
  /** Everything that exists, as the API shows it. */
  state(): Promise<State>;
  /** Names of what exists (`server/gateway-1`), sorted; empty when nothing is left. Zones are their owner's. */
  inventory(): string[];
  /** Makes the next request that matches (`POST /servers`, `DELETE /servers/*`) fail. */
  next(pattern: string, fault: Fault): void;
  /** Makes the next request that matches succeed without an answer; `kill`: the engine that asked dies with it. */
  after(pattern: string, loss: Loss): void;
  /** Makes the next action of that command (`create_server`, `attach_volume`) end in an error. */
  failAction(command: string, error: { code: string; message: string }): void;
  /** Adds a DNS zone, as its owner does beforehand. */
  addZone(name: string): void;
  stop(): Promise<void>;
}

/** Everything that exists. */
export type State = Awaited<ReturnType<typeof stateOf>>;

/** Starts it on a free port of loopback. */
export async function startCloud(hardware: Hardware): Promise<Cloud> {
  const desk: Desk = {
    world: emptyWorld(hardware),
    token: randomBytes(32).toString('hex'),
    calls: [],
    faults: noFaults(),
    left: limit,
  };
  const server = createServer((request, response) => void serve(desk, request, response));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}/v1`,
    token: desk.token,
    calls: desk.calls,
    changes: () =>
      desk.calls
        .filter((call) => call.method !== 'GET' && call.status < 300)
        .map((call) => `${call.method} ${call.path}`),
    state: () => stateOf(desk.world),
    inventory: () => inventoryOf(desk.world),
    next: (pattern, fault) => desk.faults.next(pattern, fault),
    after: (pattern, loss) => desk.faults.after(pattern, loss),
    failAction: (command, error) => void desk.world.failures.push({ command, ...error }),
    addZone: (name) => void addZone(desk.world, name),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

// ---

/** Requests an hour, as the real one allows. */
const limit = 3600;
const largestBody = 1024 * 1024;

interface Desk {
  world: World;
  token: string;
  calls: Call[];
  faults: Faults;
  left: number;
}

const routes = Object.entries<Routes[string]>({
  ...salesRoutes,
  ...serverRoutes,
  ...primaryIpRoutes,
  ...volumeRoutes,
  ...firewallRoutes,
  ...sshKeyRoutes,
  ...zoneRoutes,
}).map(([key, handle]) => ({ pattern: matcher(key.replaceAll(/:[a-z]+/g, '*')), handle }));

async function serve(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = URL.parse(`http://cloud${request.url}`) ?? new URL('http://cloud/');
  const method = request.method ?? 'GET';
  const call: Call = {
    method,
    path: url.pathname.replace(/^\/v1(?=\/|$)/, ''),
    query: url.search,
    body: null,
    status: 0,
    at: Date.now(),
  };
  const answer = await answerTo(desk, request, url, call).catch(refusalAnswer);
  call.status = answer.status;
  if (!call.path.startsWith('/_lab/')) desk.calls.push(call);
  desk.left = Math.max(0, desk.left - 1);
  const loss = answer.status < 300 ? desk.faults.loss(`${method} ${call.path}`) : undefined;
  if (loss !== undefined) return lose(loss, request.socket);
  response.writeHead(answer.status, {
    'RateLimit-Limit': limit,
    'RateLimit-Remaining': desk.left,
    'RateLimit-Reset': Math.floor(Date.now() / 1000) + (limit - desk.left),
    'X-Correlation-Id': randomBytes(8).toString('hex'),
    ...(answer.body === undefined ? {} : { 'Content-Type': 'application/json' }),
  });
  response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
}

async function answerTo(desk: Desk, request: IncomingMessage, url: URL, call: Call): Promise<Answer> {
  const text = await bodyOf(request);
  if (request.headers.authorization !== `Bearer ${desk.token}`)
    throw new Refusal('unauthorized', 'unable to authenticate');
  if (!url.pathname.startsWith('/v1/')) throw new Refusal('not_found', 'page not found');
  call.body = text === '' ? null : parse(text);
  const line = `${call.method} ${call.path}`;
  if (line === 'POST /_lab/faults') {
    desk.faults.set(call.body);
    return { status: 204 };
  }
  const refusal = desk.faults.refusal(line);
  if (refusal !== undefined) return refusal;
  for (const { pattern, handle } of routes) {
    const parts = pattern.exec(line)?.slice(1).map(decode);
    if (parts !== undefined) return handle({ world: desk.world, parts, query: url.searchParams, body: call.body });
  }
  throw new Refusal('not_found', `no such endpoint: ${line}`);
}

/** A mistake of ours is an answer too: a crash would show as a bare end of file in the engine. */
function refusalAnswer(problem: unknown): Answer {
  if (!(problem instanceof Refusal)) console.error("the lab's cloud:", problem);
  const { code, message, details } =
    problem instanceof Refusal ? problem : { code: 'server_error' as const, message: String(problem), details: null };
  return { status: statusOf[code], body: { error: { code, message, details } } };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= largestBody) chunks.push(chunk);
  }
  if (size > largestBody) throw new Refusal('json_error', 'request body is too large');
  return Buffer.concat(chunks).toString();
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal('not_found', 'page not found');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal('json_error', 'syntax error', {});
  }
}

async function stateOf(world: World) {
  const servers = await Promise.all([...world.servers.values()].map((server) => showServer(world, server)));
  const zones = [...world.zones.values()];
  return {
    servers: servers.map((shown) => ({ ...shown, user_data: world.servers.get(shown.id)?.userData ?? '' })),
    primary_ips: [...world.primaryIps.values()].map(showPrimaryIp),
    volumes: [...world.volumes.values()].map(showVolume),
    firewalls: [...world.firewalls.values()].map((firewall) => showFirewall(world, firewall)),
    ssh_keys: [...world.sshKeys.values()],
    rrsets: zones.flatMap((zone) => zone.rrsets.map((set) => showRecordSet(zone, set))),
  };
}

function inventoryOf(world: World): string[] {
  const named = {
    server: world.servers,
    primary_ip: world.primaryIps,
    volume: world.volumes,
    firewall: world.firewalls,
  };
  const tables = Object.entries({ ...named, ssh_key: world.sshKeys });
  const things = tables.flatMap(([kind, table]) => [...table.values()].map((thing) => `${kind}/${thing.name}`));
  const zones = [...world.zones.values()];
  const sets = zones.flatMap((zone) => zone.rrsets.map((set) => `rrset/${set.name}.${zone.name}/${set.type}`));
  return [...things, ...sets].sort();
}
