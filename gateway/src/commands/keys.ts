// `keys`: application keys from the command line, through the administration of a running gateway.

import { measures } from '../../../config/limitRule';
import { periods } from '../../../config/calendar';
import { type AdminClient, openAdminClient } from './adminClient';
import { readOptions, UsageError } from './options';
import { type Cell, dollarText, textTable } from './textTable';

/** Command lines and what they do, for the documentation. */
export const keysHelp: readonly { readonly line: string; readonly does: string }[] = [
  {
    line: 'ovth keys [list]',
    does: 'Every key: what it used today, what is left of its limits, when it was used last.',
  },
  {
    line: 'ovth keys mint --label LABEL [--user NAME] [--usd N --per PERIOD] [--routes A,B] …',
    does: 'A new key, which is shown this once. Limits: one of `--usd`, `--tokens`, `--requests` with `--per` (minute, day, week, month, lifetime), and `--rpm`, `--tpm`, `--parallel`; also `--tags`, `--models`, `--expires-at`, `--note`.',
  },
  { line: 'ovth keys revoke ID|LABEL', does: 'Ends a key: its open streams end within seconds.' },
  {
    line: 'ovth keys top-up ID|LABEL --usd N',
    does: 'Adds to a key’s (else its user’s) limit per `lifetime`, of what is named: `--usd`, `--tokens`, `--requests`. Where no answer comes it is asked for again, and added once; `--idempotency-key KEY` goes on with an earlier one.',
  },
];

/**
 * Does one of them and prints what became of it; with `--json` the answer of the administration.
 * @throws UsageError, AdminRefusal, GatewayUnreachable
 */
export async function keys(words: readonly string[]): Promise<void> {
  const [first, ...rest] = words;
  const [what, args] = first === undefined || first.startsWith('-') ? ['list', words] : [first, rest];
  const command = Object.hasOwn(commands, what) ? commands[what] : undefined;
  if (command === undefined)
    throw new UsageError(
      `"keys" does not know "${what}". There are:\n${keysHelp.map(({ line }) => `  ${line}`).join('\n')}`,
    );
  await command(args);
}

// ---

/** What of an answer is printed. */
interface ShownKey {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly user: string | null;
  readonly source: string;
  readonly note: string | null;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
  readonly today: { readonly requests: number; readonly cost_usd: number };
  readonly limits: readonly ShownLimit[];
  readonly key?: string;
  readonly warnings?: readonly string[];
}

type ShownLimit = Readonly<Record<string, unknown>> & {
  /** `key "a"`, or whose else: `user "ada" (key "a")`. */
  readonly whose: string;
  readonly remaining: number;
  readonly per?: string;
  readonly enforce?: boolean;
};

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  list,
  mint,
  revoke,
  'top-up': topUp,
};

const common = { json: { type: 'boolean' }, url: { type: 'string' } } as const;
const amounts = { usd: { type: 'string' }, tokens: { type: 'string' }, requests: { type: 'string' } } as const;

async function list(args: readonly string[]): Promise<void> {
  const { json, url } = readOptions(args, common);
  const answer = (await openAdminClient(url).call('GET', '/admin/keys')) as { data: ShownKey[] };
  if (json === true) return print(answer);
  const now = Date.now();
  const rows = answer.data.flatMap((key) => keyRows(key, now));
  const names = ['label', 'id', 'key', 'user', 'state', 'today', 'USD today', 'last used (UTC)', 'left'];
  console.log(rows.length === 0 ? 'There are no keys yet: ovth keys mint --label NAME.' : textTable(names, rows));
}

// Each limit has a line of its own.
function keyRows(key: ShownKey, now: number): Cell[][] {
  const [left = '', ...others] = key.limits.map(limitText);
  const used = key.last_used_at === null ? 'never' : key.last_used_at.slice(0, 16).replace('T', ' ');
  const { label, id, hint, user, today } = key;
  return [
    [label, id, hint, user, stateOf(key, now), today.requests, today.cost_usd, used, left],
    ...others.map((text) => ['', '', '', '', '', '', '', '', text]),
  ];
}

async function mint(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { json, url, ...asked } = readOptions(args, {
    ...{
      ...common,
      ...amounts,
      label: text,
      user: text,
      per: text,
      tags: text,
      models: text,
      routes: text,
      note: text,
    },
    ...{ 'expires-at': text, rpm: text, tpm: text, parallel: text },
  });
  if (asked.label === undefined) throw new UsageError(`a key needs a label: ${keysHelp[1]?.line ?? ''}`);
  const lists = Object.fromEntries(
    (['tags', 'models', 'routes'] as const).map((name) => [name, asked[name]?.split(',').map((each) => each.trim())]),
  );
  const counts = Object.fromEntries(
    (['rpm', 'tpm', 'parallel'] as const).map((name) => [name, numberOf(name, asked[name])]),
  );
  const limit = limitOf(asked);
  const answer = (await openAdminClient(url).call('POST', '/admin/keys', {
    ...{ label: asked.label, user: asked.user, note: asked.note, expires_at: momentOf(asked['expires-at']) },
    ...lists,
    ...counts,
    ...(limit === undefined ? {} : { quota: { limits: [limit] } }),
  })) as ShownKey;
  if (json === true) return print(answer);
  console.log(
    `${answer.key}\nKey "${answer.label}" (${answer.id}). It is shown this once; the gateway keeps its hash.`,
  );
  for (const warning of answer.warnings ?? []) console.error(`warning: ${warning}`);
}

async function revoke(args: readonly string[]): Promise<void> {
  const [name, rest] = nameIn(args, 'revoke');
  const { json, url } = readOptions(rest, common);
  const client = openAdminClient(url);
  const answer = (await client.call('DELETE', `/admin/keys/${await idOf(client, name)}`)) as ShownKey;
  if (json === true) return print(answer);
  console.log(`Key "${answer.label}" (${answer.id}) is revoked since ${answer.revoked_at}.`);
}

async function topUp(args: readonly string[]): Promise<void> {
  const [name, rest] = nameIn(args, 'top-up');
  const options = { ...common, ...amounts, 'idempotency-key': { type: 'string' } } as const;
  const { json, url, 'idempotency-key': idempotencyKey = crypto.randomUUID(), ...asked } = readOptions(rest, options);
  // What a header takes between quotes: https://www.rfc-editor.org/rfc/rfc9651#section-3.3.3
  if (!/^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(idempotencyKey))
    throw new UsageError('--idempotency-key takes 1 to 255 characters of ASCII, without quotes and backslashes.');
  const added = amountsOf(asked);
  if (Object.keys(added).length === 0)
    throw new UsageError('name what is added: --usd 5, --tokens 100000 or --requests 100.');
  const client = openAdminClient(url);
  const path = `/admin/keys/${await idOf(client, name)}`;
  const answer = (await client.call('PATCH', path, { top_up: added }, idempotencyKey)) as ShownKey;
  if (json === true) return print(answer);
  const pots = answer.limits.filter(({ per }) => per === 'lifetime').map(limitText);
  console.log(`Key "${answer.label}" (${answer.id}) was topped up; left: ${pots.join(', ')}.`);
}

function print(answer: unknown): void {
  console.log(JSON.stringify(answer));
}

function nameIn(args: readonly string[], what: string): [name: string, rest: readonly string[]] {
  const [name, ...rest] = args;
  if (name === undefined || name.startsWith('-'))
    throw new UsageError(`name the key first, by its id or its label: ovth keys ${what} ID|LABEL.`);
  return [name, rest];
}

// A label may be another's than one thinks: where several keys that stand have it, only an id says which.
async function idOf(client: AdminClient, name: string): Promise<string> {
  const { data } = (await client.call('GET', '/admin/keys')) as { data: ShownKey[] };
  const byId = data.find(({ id }) => id === name);
  if (byId !== undefined) return encodeURIComponent(byId.id);
  const [found, ...others] = data.filter(({ label, revoked_at }) => label === name && revoked_at === null);
  if (found === undefined)
    throw new UsageError(`there is no key "${name.slice(0, 100)}" that stands; ovth keys lists them.`);
  if (others.length > 0)
    throw new UsageError(
      `${others.length + 1} keys are called "${name.slice(0, 100)}"; name one by its id: ${[found, ...others].map(({ id }) => id).join(', ')}.`,
    );
  return encodeURIComponent(found.id);
}

type AskedAmounts = { readonly [measure in (typeof measures)[number]]?: string | undefined };

function amountsOf(asked: AskedAmounts): Record<string, number> {
  return Object.fromEntries(
    measures.flatMap((measure) => {
      const value = numberOf(measure, asked[measure]);
      return value === undefined ? [] : [[measure, value]];
    }),
  );
}

function limitOf({ per, ...asked }: AskedAmounts & { readonly per?: string | undefined }): object | undefined {
  const named = amountsOf(asked);
  if (Object.keys(named).length === 0 && per === undefined) return undefined;
  if (Object.keys(named).length !== 1 || !periods.some((each) => each === per))
    throw new UsageError(`a limit is one of --usd, --tokens and --requests, with --per ${periods.join('|')}.`);
  return { ...named, per };
}

// A date is its first moment in UTC, as everywhere else.
function momentOf(text: string | undefined): string | undefined {
  return text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new UsageError(`--${name} takes a number above 0, found "${text.slice(0, 40)}".`);
  return value;
}

function stateOf({ revoked_at, expires_at, source }: ShownKey, now: number): string {
  if (revoked_at !== null) return 'revoked';
  if (expires_at !== null && Date.parse(expires_at) <= now) return 'expired';
  return source === 'config' ? 'declared' : 'minted';
}

// `3.20 USD a month`, of what is left; of a limit that is not the key's own, whose it is.
function limitText({ remaining, per, whose, enforce, ...limit }: ShownLimit): string {
  const measure = ['usd', 'requests', 'parallel'].find((name) => name in limit) ?? 'tokens';
  const period = per === undefined ? ' at once' : per === 'lifetime' ? ' for good' : ` a ${per}`;
  const owner = /^(?:(?:user|tag) ".*"|all keys together)(?= \(key ")/.exec(whose)?.[0];
  const of = `${owner === undefined ? '' : ` of ${owner}`}${enforce === false ? ' (shadow)' : ''}`;
  if (measure === 'usd') return `${dollarText(remaining)} USD${period}${of}`;
  return `${remaining.toLocaleString('en-US')} ${measure === 'parallel' ? 'requests' : measure}${period}${of}`;
}
