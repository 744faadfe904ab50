// How a setting is written where it stands: in the stack's file, or in a program that uses the component.

/** Paths and remedies in the words of one place. */
export interface Carrier {
  /** The setting's path as its author writes it. @param setting for example `routes.auto`; empty for all of them */
  path(setting: string): string;
  /** How a provider's key is given. */
  setKey(provider: string): string;
  /** How one of the bucket's keys is given. @param name `access_key_id` or `secret_access_key` */
  setBackupKey(name: string): string;
  /** How the first range that may log in is given. */
  readonly setRange: string;
  /** What to do with things at Hetzner that the state does not know. @param label value of their label `stack` */
  recover(label: string): string;
}

/** The stack's file, changed with the engine's commands. */
export const inStack: Carrier = {
  path: (setting) => `ovth:${setting}`,
  setKey: (provider) => `pulumi config set --secret --path 'ovth:provider_keys.${provider}'`,
  setBackupKey: (name) => `pulumi config set --secret --path 'ovth:backup_keys.${name}'`,
  setRange: 'pulumi config set --path "ovth:ssh.admin_cidrs[0]" "$(curl -s https://ipv4.icanhazip.com)/32"',
  recover: () => 'run "npm run recover", which adopts or removes what it finds after asking, then "pulumi up".',
};

/** The arguments of the component. */
export const inProgram: Carrier = {
  path: (setting) => {
    const [first = '', ...rest] = setting.split(/(?=[.[])/);
    return Object.hasOwn(keyArguments, first)
      ? [keyArguments[first as keyof typeof keyArguments], ...rest].join('')
      : join('settings', setting);
  },
  setKey: (provider) => `providerKeys: { ${JSON.stringify(provider)}: config.requireSecret(…) }`,
  setBackupKey: (name) => `backupKeys: { ${name}: config.requireSecret(…) }`,
  setRange: "settings: { ssh: { admin_cidrs: ['203.0.113.7/32'] } }",
  recover: (label) =>
    `delete in Hetzner's console what has the label stack=${label} and is not needed, take what you want to keep into the state with "pulumi import", then run "pulumi up".`,
};

// ---

/** What the component takes beside the settings. */
const keyArguments = { provider_keys: 'providerKeys', backup_keys: 'backupKeys' } as const;

function join(first: string, rest: string): string {
  return rest === '' ? first : `${first}.${rest}`;
}
