// What the schema accepts and this version does not do is refused by its name, row by row of the table.

import { settingsSchema, stackSchema } from '../../config/schema';
import { unserved, unservedProblems } from '../../config/served';
import { keyBodySchema } from '../../config/keySettings';
import { load, problemsOf, settingsOf, stackProblems } from './support';

/** Row → a value the schema accepts and the row refuses, and the path it is refused at. */
const examples: Record<string, [value: object, path: string]> = {
  'providers.*.accounts': [{ openai: { accounts: { a: {}, b: {} } } }, 'openai.accounts'],
  'provider_keys.*': [{ openai: { a: 'sk-a', b: 'sk-b' } }, 'openai'],
  'quota.tags': [{ tags: { research: { daily_tokens: 5 } } }, 'tags'],
  'keys.*.tags': [{ app: { tags: ['research'] } }, 'app.tags'],
  'keys.*.models': [{ app: { models: ['gpt-5'] } }, 'app.models'],
  'keys.*.routes': [{ app: { routes: ['auto'] } }, 'app.routes'],
  'keys.*.rpm': [{ app: { rpm: 60 } }, 'app.rpm'],
  'keys.*.tpm': [{ app: { tpm: 10_000 } }, 'app.tpm'],
  'keys.*.parallel': [{ app: { parallel: 4 } }, 'app.parallel'],
};

const limits: Record<string, object> = {
  usd: { usd: 1.5, per: 'day' },
  requests: { requests: 10, per: 'day' },
  per: { tokens: 10, per: 'week' },
  enforce: { tokens: 10, per: 'day', enforce: false },
};
const budgets: Record<string, (limit: object) => [object, string]> = {
  quota: (limit) => [{ limits: [limit] }, 'limits[0].'],
  'quota.users.*': (limit) => [{ users: { eve: { limits: [limit] } } }, 'users.eve.limits[0].'],
  'quota.tags.*': (limit) => [{ tags: { research: { limits: [limit] } } }, 'tags'],
  'keys.*.quota': (limit) => [{ app: { quota: { limits: [limit] } } }, 'app.quota.limits[0].'],
};
for (const [budget, write] of Object.entries(budgets)) {
  for (const [name, limit] of Object.entries(limits)) {
    const [value, path] = write(limit);
    examples[`${budget}.limits.*.${name}`] = [value, path.endsWith('.') ? path + name : path];
  }
}

test('each row has an example, and each example a row', () => {
  expect(Object.keys(examples).sort()).toEqual(unserved.map((row) => row.path).sort());
});

test.each(unserved.map((row) => [row.path, row] as const))('%s is refused by name', (path, row) => {
  const [inner, at] = examples[path]!;
  const [top = ''] = path.split('.');
  const value = { [top]: inner };
  expect(stackSchema.safeParse(value).error).toBeUndefined(); // the form is right
  const found = stackProblems({ ...value, routes: { auto: {} } });
  expect(found).toEqual([expect.stringMatching(new RegExp(`^${top}\\.${at.replace(/[[\].]/g, '\\$&')}: `))]);
  const inside = path.startsWith('quota.tags.'); // then the row of the whole mapping speaks
  expect(found[0]).toContain((inside ? undefined : row.message) ?? 'is not served by this version; remove it.');
});

test('the defaults, and what is served, have no problem', () => {
  expect(unservedProblems(settingsSchema.parse({}))).toEqual([]);
  expect(unservedProblems(stackSchema.parse({ quota: {}, provider_keys: { openai: 'sk-a' } }))).toEqual([]);
  const written = settingsOf({
    quota: {
      limits: [{ tokens: 5, per: 'day' }],
      users: { eve: { limits: [{ tokens: 9, per: 'day', enforce: true }] } },
    },
    providers: { openai: { accounts: { team: { weight: 3 } } } },
    http: { cors_origins: [], hosts: [], admin_cidrs: [] },
  });
  expect(settingsOf(written)).toEqual(written); // also when every default is written out, as in a rendered file
});

test('the body of /admin/keys is held against the same table', () => {
  const body = keyBodySchema.parse({ label: 'app', rpm: 5, quota: { limits: [{ usd: 1, per: 'month' }] } });
  expect(unservedProblems(body, 'keys.*').map(({ path }) => path)).toEqual([
    'rpm',
    'quota.limits[0].usd',
    'quota.limits[0].per',
  ]);
  expect(unservedProblems(keyBodySchema.parse({ label: 'app', quota: { daily_tokens: 5 } }), 'keys.*')).toEqual([]);
});

test('a refused setting is named once, by its outermost name', () => {
  expect(problemsOf(() => load('quota: {tags: {a: {limits: [{usd: 1, per: month}]}}}'))).toEqual([
    'quota.tags: is not served by this version; remove it.',
  ]);
});
