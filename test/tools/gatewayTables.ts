// The tables of gateway/README.md, made from the gateway's own tables: endpoints, administration, errors.

import { commandHelp } from '../../gateway/src/commands/help';
import type { Dialect } from '../../gateway/src/core/errorBody';
import { errorKinds, type ErrorRow, errorTable } from '../../gateway/src/core/errors';
import { adminRoutes } from '../../gateway/src/http/admin/routes';
import { type Endpoint, endpoints } from '../../gateway/src/http/endpoints';
import { unservedPaths } from '../../gateway/src/http/unserved';
import type { VerbatimKind } from '../../gateway/src/pipeline/services/verbatim';

/** Marker name → the table that stands between the markers. */
export function gatewayTables(): ReadonlyMap<string, string> {
  return new Map([
    ['endpoints', endpointsTable()],
    ['unserved paths', unservedTable()],
    ['admin paths', adminTable()],
    [
      'commands',
      table(
        ['command', 'does'],
        commandHelp.map(({ line, does }) => [`\`${line.replaceAll('|', '\\|')}\``, does]),
      ),
    ],
    ['errors', errorsTable()],
  ]);
}

/** `METHOD path` → what it does. */
export const adminMeanings: Readonly<Record<string, string>> = {
  'GET /admin/usage':
    'Use summed: `?group_by=` any of key, user, tag, route, provider, account, model, client, session, address, hour, day, month (several by comma); of one `key`, `user` or `session`; `from`, `to` (dates; whole hours; sessions and addresses: 100 days at most), `format=json` or `csv`. Without dates: this month. Beside `cost_usd` stand what the same use would have cost: `openrouter_usd` (with its fee, named in `openrouter`), `uncached_usd`, and `dearest_usd` at the dearest target of the route that could have taken it; `box` is the price of the machine (`costs.box_usd_per_month`).',
  'GET /admin/requests':
    'Settled requests of the ledger, newest first: `?key=`, `user`, `model`, `outcome`, `status`, `session`, `client`, `address`, `from`, `to`, `shadowed=true` (those that a shadow limit would have refused); `limit` (100; 1,000 at most), and `cursor` with the `next_cursor` of the answer before. Each with its price by part (`cost_parts`) and what it `would_have_cost` elsewhere; `priced_at` holds their `rates` (nano-USD a token), `openrouter` the fee in `openrouter_usd`.',
  'GET /admin/requests/:id': 'One settled request, by the `x-request-id` of its answer, as in the list.',
  'GET /admin/keys':
    'Every key, with what it used today, what is left of each limit, when it was used last (`last_used_at`, to the minute), and when with a secret that was replaced (`old_secret_used_at`).',
  'POST /admin/keys':
    'Mints a key: `{"label", "user"?, "tags"?, "quota"?: {"daily_tokens"?, "limits"?}, "models"?, "routes"?, "expires_at"?, "rpm"?, "tpm"?, "parallel"?, "note"?}`, as under `keys` in the settings. The only answer that holds the key. `warnings` names routes and models that do not exist, and a moment that has passed.',
  'GET /admin/keys/:id': 'One key.',
  'PATCH /admin/keys/:id':
    'Changes any of those settings; `null` takes one away. Not for keys of the configuration. `{"top_up": {"usd": 5}}` and `{"override": {"usd": 5, "per"?, "until"}}` change limits beside the settings, see [below](#top-ups-and-overrides), also of keys of the configuration. With an `Idempotency-Key` it is done once.',
  'DELETE /admin/keys/:id':
    'Revokes a key: its open streams end within seconds. What it used stays in the ledger. One of the configuration stays revoked until its `generation` is raised there.',
  'GET /admin/keys/:id/activity':
    'What a key has done since a moment (`?since=`, default 7 days): its total, and by address and client, model and session, the dearest first. For a key that leaked.',
  'POST /admin/users/:id/forget':
    'For a user who has left and whose keys are revoked: pseudonyms take the place of their name, and of the end users, addresses and sessions of their requests, in the whole ledger. Sums stay, and so does the chain of rows. `open_requests`: some are not settled yet; do it again then. Copies that were made before still hold the names.',
  'POST /admin/keys/:id/rotate':
    'A new secret for the same key: id, user and counters stay. The old secret stops at once, or goes on for `{"grace_hours": N}`. Not for keys of the configuration.',
  'GET /admin/credentials':
    'Every credential that was minted. Those of the configuration (`credentials`) are not among them.',
  'POST /admin/credentials':
    'Mints a credential: `{"label", "scopes", "expires_at"?}`, with the scopes `read` and `keys`. The only answer that holds it (`credential`).',
  'DELETE /admin/credentials/:id': 'Revokes a credential.',
  'GET /admin/audit':
    'What was administered, newest first: when, by which `credential` (`master`, an id, `config:<label>`, or `configuration` for keys that a changed configuration brought in), from which `address`, the `action`, its `subject`, and the changed fields `before` and `after` it. `?subject=` the id of a key or credential; `limit` (100; 1,000 at most), and `cursor` with the `next_cursor` of the answer before.',
};

// ---

const dialectNames: Readonly<Record<Dialect, string>> = {
  openai: 'OpenAI',
  responses: 'OpenAI Responses',
  anthropic: 'Anthropic',
  gemini: 'Gemini',
  openrouter: 'OpenRouter',
  ollama: 'Ollama',
  admin: 'OpenAI',
};

function endpointsTable(): string {
  return table(
    ['path', 'answers and fails as', 'serves'],
    endpoints.map(({ method, path, dialect, serves }) => [
      `\`${method} ${path}\``,
      dialectNames[dialect],
      servedBy(serves),
    ]),
  );
}

const verbatimNames: Readonly<Record<VerbatimKind, string>> = {
  completions: "older completions, on hosts with OpenAI's API",
  fim: "filling in the middle, on hosts that have Mistral's path",
  compact: "compaction, on OpenAI's Responses",
};

function unservedTable(): string {
  const rows = new Map<string, string[]>();
  for (const { path, dialect, what } of unservedPaths) {
    if (path.endsWith('/*') && unservedPaths.some((other) => other.path === path.slice(0, -2))) continue;
    const name = `${dialectNames[dialect]}: ${what}`;
    rows.set(name, [...(rows.get(name) ?? []), `\`${path}\``]);
  }
  return table(
    ['not served (501)', 'paths'],
    [...rows].map(([name, paths]) => [name, paths.join(', ')]),
  );
}

function servedBy(serves: Endpoint['serves']): string {
  if (typeof serves === 'object' && 'verbatim' in serves) return verbatimNames[serves.verbatim];
  if (typeof serves === 'object') return 'count' in serves ? 'token count' : 'inference';
  switch (serves) {
    case 'embeddings':
      return 'embeddings';
    case 'gemini':
      return '`:generateContent`, `:streamGenerateContent`, `:countTokens`';
    case 'models':
      return 'list of models and routes; needs no key';
    case 'model':
      return 'one model or route; needs no key';
    case 'websocket':
      return 'no WebSocket (426), so that Codex goes on with `POST` at once';
    case 'not_built':
      return 'not there yet (501)';
  }
}

function adminTable(): string {
  return table(
    ['path', 'status', 'scope', 'does'],
    adminRoutes.map(({ method, path, status, scopes }) => {
      const name = `${method} ${path}`;
      const takes = scopes.length === 0 ? 'the master key' : scopes.map((scope) => `\`${scope}\``).join(', ');
      return [`\`${name.replace(':id', '{id}')}\``, String(status), takes, adminMeanings[name] ?? ''];
    }),
  );
}

function errorsTable(): string {
  const rows: [string, ErrorRow][] = Object.entries(errorTable);
  return table(
    ['code', 'status', 'retry', 'OpenAI `type`', 'Anthropic `type`', 'Gemini `status`', 'message'],
    rows.map(([code, { status, kind, retryable, message }]) => {
      const words = errorKinds[kind];
      const names = [words.openai, words.anthropic, words.gemini].map((word) => `\`${word}\``);
      return [`\`${code}\``, String(status), retryable ? 'yes' : 'no', ...names, message];
    }),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
