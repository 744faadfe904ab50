// What to do when Hetzner refuses something that was ordered. The codes: https://docs.hetzner.cloud/reference/cloud#errors
// and https://github.com/hetznercloud/hcloud-go/blob/main/hcloud/error.go, read 2026-11-27.

import type { Settings } from '../../config/schema';
import { cloudKinds } from './cloudResources';

/** What was refused. */
export interface Refused {
  /** The Pulumi type of the resource. */
  readonly type: string;
  /** `create`, `update` or `delete`. */
  readonly operation: string;
  /** The provider's words; they contain Hetzner's code in parentheses. */
  readonly words: string;
}

/**
 * One sentence: the setting to look at, what has happened, the remedy.
 * @returns undefined for words that no rule knows
 */
export function explainRefusal(refused: Refused, { server }: Settings): string | undefined {
  const what = Object.entries(cloudKinds).find(([, { type }]) => type === refused.type)?.[0] ?? 'resource';
  const rule = rules.find(({ code, only }) => code.test(refused.words) && (only === undefined || only === what));
  return rule?.say({ what, type: server.type, location: server.location, operation: refused.operation });
}

// ---

interface Facts {
  readonly what: string;
  readonly type: string;
  readonly location: string;
  readonly operation: string;
}

interface Rule {
  readonly code: RegExp;
  readonly only?: string;
  readonly say: (facts: Facts) => string;
}

const again = 'then run "pulumi up" again, which goes on from here';

/** The first that matches speaks. */
const rules: readonly Rule[] = [
  {
    code: /rate_limit_exceeded/,
    say: () =>
      `HCLOUD_TOKEN: this project has used up its calls to Hetzner's API (3,600 an hour): wait some minutes, ${again}.`,
  },
  {
    code: /resource_limit_exceeded|limit (is )?(reached|exceeded)/i,
    say: ({ what }) =>
      `HCLOUD_TOKEN: the Hetzner project of this token may have no further ${what}: remove one that you no longer need, or ask for a higher limit in the console (your account, Limits), ${again}.`,
  },
  {
    code: /resource_unavailable|placement_error|unsupported location|error during placement/,
    only: 'server',
    say: ({ type, location }) =>
      `ovth:server.type: Hetzner has no ${type} to give in ${location} at the moment: set another type (cx33, cpx22, cax11, …) or try again later, ${again}. Before the volume holds data, another ovth:server.location helps too.`,
  },
  {
    code: /no_space_left_in_location|resource_unavailable/,
    say: ({ what, location }) =>
      `ovth:server.location: Hetzner has no room for a ${what} in ${location} at the moment: try again later, or set another location before there is any data, ${again}.`,
  },
  {
    code: /invalid_server_type|server type \S+ (is deprecated|not found)/,
    say: ({ type }) =>
      `ovth:server.type: Hetzner does not give ${type} to this server (its disk may be larger than the type's, or the type is being retired): set another one, ${again}.`,
  },
  {
    code: /token_readonly|\(forbidden/,
    say: () => `HCLOUD_TOKEN: this API token may only read: make one with Read & Write in Hetzner's console, ${again}.`,
  },
  {
    code: /uniqueness_error|volume_already_attached|primary_ip_assigned|primary_ip_already_assigned/,
    say: ({ what }) =>
      `${what}: Hetzner has one already that stands in the way, perhaps from an update that was cut off: run "npm run recover", ${again}.`,
  },
  {
    code: /\(protected/,
    say: ({ what }) =>
      `ovth:data.protect: the ${what} is protected at Hetzner: set ovth:data.protect to false, run "pulumi up", then try again.`,
  },
  {
    code: /maintenance|service_error|server_error|\(unavailable|bad_gateway|\(timeout|unknown_error|status code 50\d/,
    say: () =>
      `HCLOUD_ENDPOINT: Hetzner's API does not work at the moment (see https://status.hetzner.com): wait, ${again}.`,
  },
  {
    code: /\bEOF\b|connection reset|connection refused|i\/o timeout|no such host|deadline exceeded/,
    say: ({ what, operation }) =>
      `HCLOUD_ENDPOINT: the answer to "${operation} ${what}" was lost on the way, so it may have been carried out, and be billed: run "npm run recover", ${again}.`,
  },
];
