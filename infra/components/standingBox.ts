// The box as it stands when an update begins: is there one, is it as it should be, and can one log in.

import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import { lookAtBox } from '../preflight/boxLook';
import { type BoxFacts, describeFaults, faultsOf, fullDisks } from '../preflight/boxState';
import { powerOn } from '../preflight/powerOn';
import { askReadiness, type Readiness, type Site } from '../preflight/readiness';
import { reachServer } from '../preflight/sshReachable';
import type { Login } from '../remoteShell';

/** What Hetzner's API says of the stack's server. */
export interface Standing {
  /** `fresh` where the stack has not even an address. */
  readonly server: BoxFacts['server'];
  /** The server's id; undefined where there is none. */
  readonly id: string | undefined;
}

/** Asks Hetzner what the stack has. @param stackLabel value of the label `stack` */
export async function findStanding(stackLabel: string, options: pulumi.InvokeOptions): Promise<Standing> {
  const withSelector = `stack=${stackLabel}`;
  const [{ servers = [] }, { primaryIps = [] }] = await Promise.all([
    hcloud.getServers({ withSelector }, options) as Promise<Partial<hcloud.GetServersResult>>,
    hcloud.getPrimaryIps({ withSelector }, options) as Promise<Partial<hcloud.GetPrimaryIpsResult>>,
  ]);
  const [server] = servers;
  if (server === undefined) return { server: primaryIps.length === 0 ? 'fresh' : 'none', id: undefined };
  return { server: server.status === 'off' ? 'off' : 'on', id: String(server.id) };
}

/**
 * Finds out what the box is like, says what is wrong with it, and switches it on where it is off. Takes 3 s at most for a box
 * that is dead.
 * @param token of Hetzner's API. Default: the environment's
 */
export async function examine(
  standing: Standing,
  login: Login,
  site: Site,
  token: string | undefined,
): Promise<BoxFacts> {
  const facts = await gather(standing, login, site);
  const faults = faultsOf(facts);
  if (faults.length > 0) {
    const remedy = pulumi.runtime.isDryRun() ? '"pulumi up" puts it right' : 'it is put right now';
    await pulumi.log.warn(`ovth: ${describeFaults(faults, site.address)} ${remedy}`);
  }
  for (const warning of fullDisks(facts)) await pulumi.log.warn(warning);
  if (standing.server === 'off' && !pulumi.runtime.isDryRun()) await switchOn(Number(standing.id), token);
  return facts;
}

/** A server that must be logged in on. */
export interface LoginTarget {
  readonly standing: Standing;
  /** The server's id; another than the standing one's is new and boots for a while. */
  readonly serverId: string;
  readonly address: string;
  /** The address ranges for which port 22 is open. */
  readonly ranges: readonly string[];
}

/**
 * Waits until one can log in.
 * @param say hears that it waits
 * @returns undefined where the update can go on, else one sentence: a box that is not well does not let anybody in
 */
export async function awaitLogin(
  facts: BoxFacts,
  target: LoginTarget,
  say: (what: string) => void,
): Promise<string | undefined> {
  const { standing, serverId, address, ranges } = target;
  const booting = standing.server !== 'on' || standing.id !== serverId;
  const serves = !booting && typeof facts.readiness !== 'string';
  if (!serves) say(booting ? 'boot: waiting for the server to let the program in' : 'login: waiting for SSH');
  const patience = serves ? { patienceMs: 0, dialMs: 3_000 } : booting ? {} : { patienceMs: 60_000 };
  const advice = await reachServer(address, { ranges, ...patience });
  if (advice === undefined) return undefined;
  if (!serves) return booting ? advice : `${advice} ${dead}`;
  // An update that needs no login succeeds without one.
  await pulumi.log.warn(advice);
  return undefined;
}

/** Asks until the gateway answers well. @returns undefined once it does, else why not */
export async function awaitAnswer(site: Site, release: string, patienceMs: number): Promise<string | undefined> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const answer = await askReadiness(site, 3_000);
    const why =
      typeof answer === 'string'
        ? answer
        : (answer.certificate ??
          answer.unready ??
          (answer.release === release ? undefined : 'it runs another release'));
    if (why === undefined || Date.now() >= end) return why;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

// ---

const dead =
  'It does not answer over HTTPS either: a server that is dead is built anew (data and address stay) when you raise ovth:server.generation by one and run "pulumi up".';

const patienceMs = 3_000;

async function gather({ server }: Standing, login: Login, site: Site): Promise<BoxFacts> {
  if (server !== 'on') return { server, readiness: 'it was not asked', look: undefined };
  const [readiness, look] = await Promise.all([askForAWhile(site), lookAtBox(login)]);
  return { server, readiness, look };
}

/** More than once, because a gateway that is just restarting is no sick one. */
async function askForAWhile(site: Site): Promise<Readiness | string> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const answer = await askReadiness(site, Math.max(end - Date.now(), 300));
    const well = typeof answer !== 'string' && answer.unready === undefined;
    if (well || Date.now() + 500 >= end) return answer;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function switchOn(serverId: number, given: string | undefined): Promise<void> {
  const config = pulumi.runtime.allConfig();
  const token = given ?? process.env['HCLOUD_TOKEN'] ?? '';
  const endpoint = config['hcloud:endpoint'] ?? process.env['HCLOUD_ENDPOINT'];
  const refused = await powerOn(serverId, { token, endpoint });
  if (refused !== undefined)
    await pulumi.log.warn(`ovth: the server could not be switched on (${refused}); do it in Hetzner's console.`);
}
