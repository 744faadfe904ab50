// Every environment variable that the project reads: what it means, what holds without it, and who reads it.

/** A process environment: name → value. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Who reads a variable. */
export type EnvironmentReader = 'gateway' | 'pulumi up' | 'tests';

/** One variable. */
export interface EnvironmentVariable {
  readonly meaning: string;
  /** What holds when it is unset, as it would be written; absent where nothing does. */
  readonly default?: string;
  readonly reader: EnvironmentReader;
}

/** Name → what is to be known of it. The variables of other providers are named by `api_key_env`. */
export const environmentVariables = {
  ANTHROPIC_API_KEY: { meaning: 'Key of the provider `anthropic`, which is absent without one.', reader: 'gateway' },
  OPENAI_API_KEY: { meaning: 'Key of the provider `openai`, which is absent without one.', reader: 'gateway' },
  GOOGLE_API_KEY: { meaning: 'Key of the provider `google`, which is absent without one.', reader: 'gateway' },
  OVTH_MASTER_KEY: {
    meaning:
      'Administers the gateway; at least 32 printable characters. Without it one is made and kept in `master.key` of the data folder.',
    reader: 'gateway',
  },
  OVTH_ADMIN_CREDENTIAL: {
    meaning: 'What `ovth keys` signs in with, instead of the master key: a credential with the scope `keys`.',
    reader: 'gateway',
  },
  OVTH_URL: {
    meaning:
      'The gateway that `ovth keys` administers, such as `https://llm.example.com`. Without it, the one that `OVTH_HOST` and `OVTH_PORT` say.',
    reader: 'gateway',
  },
  OVTH_CONFIG: {
    meaning:
      'The configuration file. A file named here must exist. `secrets.env` beside it wins over the environment. In the image: `/app/config.yaml`.',
    default: './config.yaml',
    reader: 'gateway',
  },
  OVTH_DATA: {
    meaning: 'The data folder, with the ledger. In the image: `/data`.',
    default: './data',
    reader: 'gateway',
  },
  OVTH_HOST: { meaning: 'Address to listen on. In the image: `0.0.0.0`.', default: '127.0.0.1', reader: 'gateway' },
  OVTH_PORT: { meaning: 'Port to listen on; 0 takes a free one.', default: '8080', reader: 'gateway' },
  OVTH_RUN_AS: {
    meaning:
      '`uid:gid` to drop to when started as root, after the data folder was given to it. In the image: `1000:1000`.',
    reader: 'gateway',
  },
  OVTH_LITESTREAM: {
    meaning: 'The program with which `ovth restore --config` fetches a copy of the ledger.',
    default: 'litestream',
    reader: 'gateway',
  },
  NODE_TLS_REJECT_UNAUTHORIZED: {
    meaning: 'Must not be `0`: it would send provider keys to anybody on the way. The gateway refuses to start.',
    reader: 'gateway',
  },
  NODE_EXTRA_CA_CERTS: {
    meaning: 'PEM file of a private certificate authority that upstreams’ certificates come from; read by Node itself.',
    reader: 'gateway',
  },
  HCLOUD_TOKEN: {
    meaning: 'Token of the Hetzner project, with Read & Write. Instead of the stack’s `hcloud:token`.',
    reader: 'pulumi up',
  },
  HCLOUD_ENDPOINT: {
    meaning: 'Another address of Hetzner’s API, for the lab.',
    default: 'https://api.hetzner.cloud/v1',
    reader: 'pulumi up',
  },
  OVTH_RESTORE: {
    meaning:
      'Lets this one update put the ledger back from its backup: `latest`, or a time such as `2026-11-27T06:00:00Z`. `npm run restore` sets it.',
    reader: 'pulumi up',
  },
  OVTH_REMOVE: {
    meaning:
      'What is to be deleted at Hetzner, as JSON. Set by the program and by `npm run recover` for their own script, and of no use by hand.',
    reader: 'pulumi up',
  },
  SSH_AUTH_SOCK: { meaning: 'An SSH agent; it must be alive when named.', reader: 'pulumi up' },
  PULUMI_CONFIG_SECRET_KEYS: { meaning: 'Names of the secret settings; set by Pulumi’s engine.', reader: 'pulumi up' },
  OVTH_SHARED: {
    meaning: 'Folder of recorded traffic and specifications that some tests compare with.',
    default: '../shared',
    reader: 'tests',
  },
  OVTH_TOOLS: {
    meaning: 'Folder whose `bin` has the programs that a test does not find on PATH: Pulumi, Caddy, Litestream.',
    default: '~/.cache/ovth-tools',
    reader: 'tests',
  },
  OVTH_CHROMIUM: { meaning: 'The browser of `npm run test:browser`.', reader: 'tests' },
  OVTH_BENCH: {
    meaning: 'Folder into which `npm run bench` installs LiteLLM.',
    default: '~/.cache/ovth-bench',
    reader: 'tests',
  },
  OVTH_LEDGER_FIXTURE: {
    meaning:
      'Version under which `test/process/upgrade.test.ts` writes a ledger to `test/fixtures`, when it is released.',
    reader: 'tests',
  },
  OVTH_LAB: { meaning: 'Folder of the lab’s state and lock.', default: '~/.cache/ovth-lab', reader: 'tests' },
  LAB_BOX: {
    meaning: 'How the lab’s servers get Docker: `fast` has it in their image, `real` installs it by apt at boot.',
    default: 'fast',
    reader: 'tests',
  },
  LAB_BOX_MEMORY_MB: {
    meaning: 'Memory of each server of the lab, in megabytes; without it, this machine’s.',
    reader: 'tests',
  },
  LAB_UPSTREAM_PORTS: {
    meaning: 'Ports of this machine, by commas, that `npm run lab` puts in the place of its simulated providers.',
    reader: 'tests',
  },
  LAB_DEBIAN_MIRROR: {
    meaning: 'Debian mirror of the lab’s images; without it, the ones that apt uses on this machine.',
    reader: 'tests',
  },
  DOCKER_HOST: {
    meaning: 'The Docker that the lab runs in.',
    default: 'unix:///var/run/docker.sock',
    reader: 'tests',
  },
  SEED: {
    meaning: 'Repeats a run of a test of random inputs, which prints its seed.',
    reader: 'tests',
  },
  ROUNDS: { meaning: 'Rounds of `test/slow/admission.test.ts`.', default: '100', reader: 'tests' },
  COMMANDS: { meaning: 'Commands of `test/slow/histories.test.ts`.', default: '100000', reader: 'tests' },
  ROWS: { meaning: 'Rows of `test/slow/manyRows.test.ts`.', default: '100000', reader: 'tests' },
  SOAK_MS: { meaning: 'Milliseconds that `test/slow/soak.test.ts` lasts.', default: '300000', reader: 'tests' },
  CI: { meaning: 'Set, a suite that misses a program fails instead of being skipped.', reader: 'tests' },
} as const satisfies Record<string, EnvironmentVariable>;
