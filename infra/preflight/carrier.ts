// How a setting is written where it stands: in the stack's file, or in a program that uses the component.

/** Paths and remedies in the words of one place. */
export interface Carrier {
  /** The setting's path as its author writes it. @param setting for example `routes.auto`; empty for all of them */
  path(setting: string): string;
  /** How a provider's key is given. */
  setKey(provider: string): string;
  /** How the first range that may log in is given. */
  readonly setRange: string;
}

/** The stack's file, changed with the engine's commands. */
export const inStack: Carrier = {
  path: (setting) => `ovth:${setting}`,
  setKey: (provider) => `pulumi config set --secret --path 'ovth:provider_keys.${provider}'`,
  setRange: 'pulumi config set --path "ovth:ssh.admin_cidrs[0]" "$(curl -s https://ipv4.icanhazip.com)/32"',
};

/** The arguments of the component. */
export const inProgram: Carrier = {
  path: (setting) =>
    setting.startsWith('provider_keys') ? setting.replace('provider_keys', 'providerKeys') : join('settings', setting),
  setKey: (provider) => `providerKeys: { ${JSON.stringify(provider)}: config.requireSecret(…) }`,
  setRange: "settings: { ssh: { admin_cidrs: ['203.0.113.7/32'] } }",
};

// ---

function join(first: string, rest: string): string {
  return rest === '' ? first : `${first}.${rest}`;
}
