// The Pulumi component of what runs on a host: wait for its first boot, upload the code, apply the desired state.

import { remote } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import type { Settings } from '../../config/schema';
import type { Bundle } from '../bundle';
import type { Complete } from '../gatewaySettings';
import { bundlePath } from '../hostLayout';
import { judge } from '../preflight/boxState';
import { followPhases } from '../preflight/phases';
import type { Site } from '../preflight/readiness';
import { giveUp } from '../refusal';
import type { Login } from '../remoteShell';
import { bootstrapState, type Logins } from '../render/bootstrapState';
import { gatewayRelease } from '../render/compose';
import { desiredState, expectation } from '../render/desiredState';
import { command, commandInput } from '../scripts';
import { type Connection, handOver } from './deployKeys';
import type { Host } from './host';
import { hetznerToken } from './hetznerToken';
import { beginLedger, sayRestored } from './ledger';
import { awaitAnswer, awaitLogin, examine, findStanding } from './standingBox';

/** What a release is made from. */
export interface ReleaseArgs {
  /** Where it runs. */
  readonly host: Host;
  /** The settings of the deploy, checked. The others are in `complete`. */
  readonly settings: Settings;
  /** All settings, the providers' keys and the bucket's. Secret. */
  readonly complete: pulumi.Output<Complete>;
  /** The code to run. */
  readonly bundle: Bundle;
  /** The key that administers the gateway. Secret. */
  readonly masterKey: pulumi.Input<string>;
  /** Label → SHA-256, in hex, of each generated application key. */
  readonly keyHashes: pulumi.Input<Readonly<Record<string, string>>>;
  /** Value of the label `stack` on this stack's resources at Hetzner. */
  readonly stackLabel: pulumi.Input<string>;
  /** Where this update may put the ledger back from its backup: `latest`, or a moment in ISO 8601. */
  readonly restore: string | undefined;
  /** What is done before the release serves, such as DNS records. */
  readonly after: readonly pulumi.Resource[];
}

/** The gateway and Caddy on a host. Every step runs again on a new server, and changes nothing when it runs twice. */
export class Release extends pulumi.ComponentResource {
  /** 12 hex digits over code, base image and container settings. Known once the release serves its configuration. */
  readonly releaseId: pulumi.Output<string>;
  /** Id of the ledger: 32 hex digits. */
  readonly ledger: pulumi.Output<string>;

  /**
   * @param name prefix of every resource's name
   * @param args host, settings, code and keys
   * @param options Pulumi's own
   */
  constructor(name: string, args: ReleaseArgs, options?: pulumi.ComponentResourceOptions) {
    super('ovth:index:Release', name, {}, options);
    const { host, settings, bundle } = args;
    const watched = watchBox(this, args);
    const connection = connectionTo(host, watched.address, host.sshPrivateKey);
    const opener = connectionTo(host, watched.address, host.deployKeys.opener.privateKey);
    const own = {
      parent: this,
      // The address, and with it the connection, stays when the server is replaced.
      replacementTrigger: host.server.id,
      deletedWith: host.server,
      customTimeouts: { create: '15m', update: '15m' },
    };
    const handedOver = handOver(name, host.deployKeys, opener, {
      ...{ parent: this, deletedWith: host.server, dependsOn: [host], customTimeouts: { create: '5m' } },
    });
    const bootstrap = runScript(
      `${name}-bootstrap`,
      connection,
      pulumi
        .all([host.dataDevice, publicKeys(host)])
        .apply(([device, logins]) => bootstrapState(settings, device, logins)),
      { ...own, dependsOn: [host, ...handedOver] },
      'stdout',
    );
    const uploaded = new remote.CopyToRemote(
      `${name}-bundle`,
      { connection, source: new pulumi.asset.FileAsset(bundle.path), remotePath: bundlePath(bundle.hash) },
      { ...own, dependsOn: [bootstrap] },
    );
    this.ledger = beginLedger(name, connection, settings, { parent: this, dependsOn: [bootstrap] });
    const { restore } = args;
    const state = pulumi
      .all([args.masterKey, args.complete, args.keyHashes, host.ipv4, watched.facts, this.ledger])
      .apply(([masterKey, complete, keyHashes, address, facts, ledger]) => {
        const input = { ...complete, bundle, masterKey, keyHashes, address, ledger, restore };
        const repairs = judge(facts, expectation(input), Math.floor(Date.now() / 1_000));
        return desiredState({ ...input, repairs });
      });
    const apply = runScript(`${name}-apply`, connection, state, { ...own, dependsOn: [uploaded, ...args.after] });

    const { id } = gatewayRelease(bundle.hash, settings.images.node);
    this.releaseId = pulumi.all([host.ipv4, apply.id]).apply(async ([address]) => {
      watched.ended();
      await this.expectAnswer({ address, host: settings.domain ?? address }, id);
      return id;
    });
    if (restore !== undefined) apply.stdout.apply((stdout) => sayRestored(stdout, this));
    this.registerOutputs({ releaseId: this.releaseId, ledger: this.ledger });
  }

  /** The update fails where the gateway does not answer from this machine, whatever the box says. */
  private async expectAnswer(site: Site, release: string): Promise<void> {
    if (pulumi.runtime.isDryRun()) return;
    const why = await awaitAnswer(site, release, 10_000);
    if (why === undefined) return;
    const sentence = `ovth: https://${site.host} at ${site.address} does not answer this machine (${why}), although the box says that it serves: see that the firewall at Hetzner and your own network let port 443 through, then run "pulumi up" again.`;
    const error = new pulumi.RunError(sentence);
    error.stack = sentence;
    // Left to the SDK, which fails the update with it: the outputs are kept. `pulumi.log.error` alone fails nothing.
    void Promise.reject(error);
  }
}

// ---

/** What is found out about the box at the beginning of an update, and said while it runs. */
function watchBox(release: Release, { host, settings, stackLabel }: ReleaseArgs) {
  const standing = pulumi.output(stackLabel).apply((label) => findStanding(label, { parent: release }));
  const login = pulumi
    .all([host.ipv4, host.sshHostKey, host.sshPrivateKey])
    .apply(([address, hostKey, privateKey]) => ({ address, hostKey, privateKey }));
  const facts = pulumi
    .all([login, standing, pulumi.runtime.isDryRun() ? undefined : hetznerToken(release)])
    .apply(([own, found, token]) =>
      examine(found, own, { address: own.address, host: settings.domain ?? own.address }, token),
    );
  let ended = (): void => undefined;
  const end = new Promise<void>((resolve) => (ended = resolve));
  const address = pulumi.all([login, host.server.id, standing, facts]).apply(async ([own, serverId, found, seen]) => {
    if (pulumi.runtime.isDryRun()) return own.address;
    const ranges = settings.ssh.admin_cidrs ?? [];
    const say = (phase: string) => void pulumi.log.info(`${sinceBegin().toFixed(0)} s: ${phase}`, release);
    const refused = await awaitLogin(seen, { standing: found, serverId, address: own.address, ranges }, say);
    if (refused !== undefined) await giveUp(refused, release);
    void tellPhases(own, say, end);
    return own.address;
  });
  return { facts, address: pulumi.unsecret(address), ended };
}

/** Seconds since the program was started. */
const sinceBegin = () => performance.now() / 1_000;

/** An update that changes nothing on the box ends before this begins. */
async function tellPhases(login: Login, say: (phase: string) => void, end: Promise<void>): Promise<void> {
  const began = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 1_000).unref());
  if (await Promise.race([began, end.then(() => false)])) await followPhases(login, sinceBegin, say, end);
}

/**
 * The only place that makes connections: the provider prints one that has a field it does not know, private key included
 * (https://github.com/pulumi/pulumi-command/issues/773). A dozen dials take at most 90 s; the server has been waited for.
 */
function connectionTo(host: Host, address: pulumi.Output<string>, privateKey: pulumi.Output<string>): Connection {
  return pulumi.secret({
    ...{ host: address, user: 'root', privateKey, hostKey: host.sshHostKey },
    ...{ dialErrorLimit: 12, perDialTimeout: 5 },
  });
}

/** The key with which the program logs in, and the one before, which the box is to refuse. */
function publicKeys({ deployKeys: { current, previous } }: Host): pulumi.Output<Logins> {
  return pulumi.unsecret(
    pulumi.all([current, previous]).apply(([key, before]) => ({ deploy: key.publicKey, retired: before?.publicKey })),
  );
}

/**
 * A script on the box. It has no `update`, `delete` or `triggers`: a change of `stdin` runs `create` again in place, while
 * changed triggers would run the old `delete` after the new `create`
 * (https://github.com/pulumi/pulumi-command/issues/189).
 * @param logging what of its output the update shows. `stdout` for a script that is told no secret
 */
function runScript(
  name: string,
  connection: Connection,
  state: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
  logging: 'none' | 'stdout' = 'none',
): remote.Command {
  return new remote.Command(
    name,
    {
      connection,
      create: command,
      stdin: pulumi.secret(pulumi.output(state).apply(commandInput)),
      logging,
      addPreviousOutputInEnv: false,
    },
    { ...options, additionalSecretOutputs: ['stdout', 'stderr'] },
  );
}
