// What a client makes up (names of models and fields, users, addresses, programs) is cut where it enters, and whatever is
// keyed by it or filled with it is bounded.

import ts from 'typescript';
import { requestColumns } from '../../gateway/src/storage/sqlite/columns';
import { openReasoningCache } from '../../gateway/src/pipeline/reasoningCache';
import { nodesOf, parseSource, sourceFiles } from '../support/sources';
import { events, sse, useTranslationScene } from '../support/translation';

/** Every map and set of the gateway (those of `wire/` live for one request) → what bounds it. */
const collections: Readonly<Record<string, string>> = {
  'accounting/adjustments.ts periods': 'limits of one key',
  'accounting/commitQueue.ts asked': 'of one flush',
  'accounting/keyDirectory.ts byHash': 'keys, which an administrator mints',
  'accounting/keyDirectory.ts byId': 'keys',
  'accounting/pricing.ts knownRates': 'weak, by target',
  'accounting/pricing.ts namedRates': 'weak, by rates',
  'accounting/quota.ts (none)': 'tags of a key: 16',
  'accounting/quota.ts remembered': 'weak, by key',
  'accounting/quota.ts windows': 'weak, by limits',
  'accounting/roomyLimits.ts known': '10,000 limits, then it begins anew',
  'app/configuredKeys.ts ids': 'keys of the configuration',
  'app/configuredKeys.ts leaving': 'keys of the configuration, while it is loaded',
  'app/configuredKeys.ts minted': 'keys of the configuration, while it is loaded',
  'app/configuredKeys.ts owners': 'keys of the configuration, while it is loaded',
  'app/configuredKeys.ts taken': 'keys of the configuration, while it is loaded',
  'app/configuredKeys.ts used': 'keys of the configuration, while it is loaded',
  'commands/ledgerExport.ts lists': 'constant',
  'core/cancellation.ts this.#others': 'requests in flight: limits.in_flight',
  'core/contentCodings.ts bodyDecoders': 'constant',
  'core/jsonEdit.ts (none)': 'of one request: the fields of a setting',
  'core/jsonEdit.ts inside': 'of one request: settings of one format',
  'core/jsonEdit.ts kept': 'of one request: the fields of a setting',
  'core/jsonEdit.ts top': 'of one request: settings of one format',
  'core/jsonMedia.ts firstLetters': 'constant',
  'core/jsonMedia.ts freeJson': 'constant',
  'core/jsonMedia.ts mediaKeys': 'constant',
  'core/jsonMedia.ts opaqueKeys': 'constant',
  'core/jsonScan.ts #fields': 'of one request: 1,000 fields',
  'core/mediaSearch.ts #media': 'of one request, a few kinds',
  'core/memoryBudget.ts byOwner': 'keys with requests in flight',
  'core/ownerQueue.ts byOwner': 'keys with requests in flight',
  'http/admin/audit.ts lists': 'constant',
  'http/admin/credentials.ts row': 'scopes of one credential',
  'http/admin/requests.ts ids': 'rates of one page of rows',
  'http/admin/requests.ts rates': 'of one page of rows',
  'http/admin/usage.ts asked': 'of one report: what use is grouped by',
  'http/admin/usage.ts sums': 'groups of one report, which an administrator asks for: sessions of 100 days',
  'http/clientAddress.ts known': '1,000 addresses, each checked to be one',
  'http/concurrency.ts byKey': 'keys with requests in flight',
  'http/handlers.ts unservedActions': 'constant',
  'http/minuteCounter.ts counts': '10,000 networks, the oldest goes',
  'http/paths.ts (none)': 'constant',
  'http/paths.ts heads': 'constant',
  'http/paths.ts knownPaths': 'constant',
  'pipeline/answerBody.ts blanks': 'constant',
  'pipeline/bodyWorker.ts threads': '2',
  'pipeline/keyScope.ts scope': 'of one key: 200 models and 200 routes',
  'pipeline/keyScope.ts scopes': 'weak, by key',
  'pipeline/outcome.ts cutByUs': 'constant',
  'pipeline/outcome.ts silences': 'constant',
  'pipeline/outcome.ts mayBeCharged': 'constant',
  'pipeline/ownBody.ts (none)': 'of one request: settings of one format',
  'pipeline/plan.ts keys': 'weak, by target',
  'pipeline/plan.ts known': '1,000 names of 256 characters, of one day',
  'pipeline/plan.ts madeUp': 'weak, by target',
  'pipeline/plan.ts remembered': 'weak, by configuration',
  'pipeline/prepare.ts notCarried': 'constant',
  'pipeline/reasoningCache.ts held': 'limits.reasoning_cache_bytes, with what an entry costs beside its texts',
  'pipeline/services/answer.ts badRequest': 'constant',
  'pipeline/services/answer.ts missingOrBad': 'constant',
  'pipeline/services/countTokens.ts missing': 'constant',
  'pipeline/shortWait.ts passing': 'constant',
  'pipeline/stepDown.ts cannotAnswer': 'constant',
  'pipeline/usageTap.ts begun': 'of one answer: 1,000 of several',
  'pipeline/usageTap.ts ended': 'of one answer: 1,000 of several',
  'pipeline/usageTap.ts meters': 'weak, by format',
  'storage/sqlite/budgetCache.ts known': '20,000 windows of limits, which an administrator sets',
  'storage/sqlite/engine.ts standing': 'keys',
  'storage/sqlite/engine.ts written':
    'rates: of the catalogue, the configuration, and one a provider for all unknown models',
  'storage/sqlite/failures.ts valueCodes': 'constant',
  'storage/sqlite/forgetUser.ts (none)': 'keys of one user',
  'storage/sqlite/hashChain.ts changed': 'instances of one batch',
  'storage/sqlite/hashChain.ts heads': '100 instances',
  'storage/sqlite/instanceLocks.ts missedAt': 'instances',
  'storage/sqlite/keyUses.ts changed': 'keys with requests in one batch',
  'storage/sqlite/keyUses.ts known': '20,000 keys',
  'storage/sqlite/ledgerFile.ts contentCodes': 'constant',
  'storage/sqlite/ledgerVerify.ts state': 'instances of a ledger, and heads that the command line names',
  'storage/sqlite/people.ts people': '2,000 people',
  'storage/sqlite/people.ts person': '200 names of a person',
  'storage/sqlite/prune.ts found': 'instances of one batch',
  'storage/sqlite/reports.ts (none)': 'keys, of one report',
  'storage/sqlite/reports.ts sums': 'keys, of one report',
  'storage/sqlite/threadClient.ts waiting': 'calls of the storage in flight',
  'storage/sqlite/usageReport.ts statements': '50 ways to group',
  'storage/sqlite/usageSums.ts known': '100 models of a key and hour',
  'storage/sqlite/usageSums.ts models': '10,000 keys and hours',
  'storage/sqlite/usageSums.ts sums': 'of one batch',
  'upstream/exchange.ts single': 'constant',
  'upstream/headers.ts (none)': 'of one request: limits.header_bytes',
  'upstream/headers.ts known': '500 names of 64 characters',
  'upstream/headers.ts neverSentToClient': 'constant',
  'upstream/headers.ts neverSentUpstream': 'constant',
  'upstream/hostCapabilities.ts lackingUntil': 'hosts and accounts of the configuration',
  'upstream/lingering.ts old': 'connections: limits.upstream_connections',
  'upstream/lingering.ts young': 'connections: limits.upstream_connections',
  'upstream/modelRefusals.ts known': '1,000 models, the oldest goes',
  'upstream/outputSpeed.ts perMs': '10,000 targets, the oldest goes',
  'upstream/ownKeys.ts (none)': 'keys of the configuration',
  'upstream/ownKeys.ts cleaners': 'weak, by configuration',
  'upstream/ownKeys.ts masked': 'keys of the configuration',
  'upstream/pool.ts ofUsedConnections': 'weak, by error',
  'upstream/pool.ts pools': 'origins of the configuration',
  'upstream/providerErrors.ts mayBeTooLong': 'constant',
  'upstream/providers.ts templates': 'weak, by account',
  'upstream/providers.ts urls': 'base URLs and paths of the wires; a path that names a model is not kept',
  'upstream/retryBudget.ts routes': 'routes of the configuration',
  'upstream/targetHealth.ts known': 'targets and accounts of the catalogue and the configuration',
  'upstream/targetHealth.ts madeUp': '1,000 names, the one that is missed least goes',
};

test('every map and set has a bound that is known [L3]', () => {
  const found = sourceFiles('gateway/src')
    .filter((file) => !file.startsWith('gateway/src/wire/'))
    .flatMap((file) =>
      [...nodesOf(parseSource(file))]
        .filter((node) => ts.isNewExpression(node) && /^(Weak)?(Map|Set)$/.test(node.expression.getText()))
        .map((node) => `${file.slice('gateway/src/'.length)} ${holderOf(node)}`),
    );
  expect([...new Set(found)].sort()).toEqual(Object.keys(collections).sort());
});

/** The variable or field that a new collection is kept in. */
function holderOf(node: ts.Node): string {
  for (let at = node.parent; at !== undefined && !ts.isFunctionLike(at); at = at.parent) {
    if (ts.isVariableDeclaration(at) || ts.isPropertyDeclaration(at)) return at.name.getText();
    if (ts.isBinaryExpression(at) && /=$/.test(at.operatorToken.getText())) return at.left.getText();
  }
  return '(none)';
}

/** Columns of a settled request that a client chooses, or a provider → the most characters they have. */
const chosen: Readonly<Record<string, number>> = {
  requested: 256, model: 256, client: 20, end_user: 200, session: 256, address: 45, dropped: 40 * 204,
  attempts: 20_000,
}; // prettier-ignore

/** The others: numbers, names of ours, and what the configuration or an administrator names. */
const ours = [
  'id', 'instance', 'kind', 'corrects', 'key', 'user', 'tags', 'route', 'provider', 'account', 'wire_in', 'wire_out', 'stream',
  'started_at', 'first_byte_at', 'first_token_at', 'ended_at', 'status', 'outcome', 'error', 'input_estimate', 'max_output', 'needs',
  'input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning', 'audio', 'searches', 'counted', 'raw', 'cost',
  'provider_cost', 'rates', 'estimated', 'hash', 'shadowed', 'uncached', 'dearest', 'dearest_rates', 'dearest_cost',
]; // prettier-ignore

/** Not filled yet. */
const empty = ['app_title', 'prefix_hash'];

test('every column of a settled request is one of ours, or has a bound', () => {
  expect([...Object.keys(chosen), ...ours, ...empty].sort()).toEqual([...requestColumns].sort());
});

describe('a request that makes up what it can', () => {
  const scene = useTranslationScene();
  const long = 'n'.repeat(30_000);
  const answer = {
    id: 'c',
    object: 'chat.completion',
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
  };
  const fields = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`x${i}${long.slice(0, 300)}`, 1]));

  const sizes = (row: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, JSON.stringify(value ?? null).length]));
  const headerBytes = (response: Response) =>
    [...response.headers].reduce((sum, [name, value]) => sum + name.length + value.length, 0);

  test.each([false, true])('leaves a row, a log line and headers of ordinary size, stream: %s [L3]', async (stream) => {
    scene.fake.answer = stream
      ? { headers: sse, body: `${events({ ...answer, choices: [{ index: 0, delta: { content: 'hi' } }] }, { ...answer, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}data: [DONE]\n\n` }
      : { body: JSON.stringify(answer) }; // prettier-ignore
    const before = scene.gateway.lines.length;
    const model = `openai/${'m'.repeat(249)}`;
    const response = await scene.ask('messages', model, stream, { metadata: { user_id: long }, ...fields }, {
      'user-agent': `curl/${long.slice(0, 8_000)}`,
      'x-session-id': long.slice(0, 8_000),
      'x-forwarded-for': `fe80::1%${'z'.repeat(1_500)}`,
      [`x-${long.slice(0, 5_000)}`]: '1',
    }); // prettier-ignore
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('hi');
    expect(headerBytes(response)).toBeLessThan(4_000);
    const row = await scene.gateway.row(response.headers.get('x-request-id') ?? '');
    expect(row).toMatchObject({ outcome: 'ok', estimated: false, output: 2 });
    for (const [name, size] of Object.entries(sizes(row))) expect([name, size < 20_000]).toEqual([name, true]);
    expect(row.address.length).toBeLessThanOrEqual(chosen['address']!);
    expect(row.session.length).toBe(chosen['session']);
    expect(row.end_user.length).toBeLessThanOrEqual(chosen['end_user']!);
    expect(row.dropped).toHaveLength(41);
    expect(row.dropped.at(-1)).toMatch(/^8\d\d more$/);
    const lines = scene.gateway.lines.slice(before);
    expect(JSON.stringify(lines).length).toBeLessThan(20_000);
    expect(lines.filter(({ kind }) => kind === 'error')).toEqual([]);
  });

  test('is refused by a strict route with an error of ordinary size', async () => {
    const response = await scene.ask('messages', 'strict', false, fields);
    expect(response.status).toBe(400);
    expect((await response.text()).length).toBeLessThan(20_000);
  });

  test('what a provider makes up is bounded too', async () => {
    const parts = Array.from({ length: 150_000 }, (_, i) => ({ [`part${i}${long.slice(0, 20)}`]: {} }));
    scene.fake.answer = {
      body: JSON.stringify({ candidates: [{ content: { role: 'model', parts: [...parts, { text: 'hi' }] }, finishReason: 'STOP', index: 0 }], usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 } }),
    }; // prettier-ignore
    const response = await scene.ask('chat', 'gemini-3.5-flash', false);
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('"hi"')]);
    const { lost } = scene.gateway.requests.at(-1)!;
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThanOrEqual(40);
  });
});

test('the cache of reasoning counts what its entries cost beside their texts', () => {
  const cache = openReasoningCache(() => 100_000);
  for (let i = 0; i < 10_000; i++) cache.rememberFor('k')(`call ${i}`, [{ type: 'text', text: '' } as never]);
  const kept = Array.from({ length: 10_000 }, (_, i) => cache.of('k').get(`call ${i}`)).filter(Boolean);
  expect(kept.length).toBeGreaterThan(100);
  expect(kept.length).toBeLessThan(350);
});
