// A key is described the same way in `keys.<label>` and in the body of POST /admin/keys.

import { keyBodySchema, keyChangeSchema } from '../../config/keySettings';
import { settingsSchema } from '../../config/schema';
import { problemsOf, settingsOf } from './support';

const full = {
  user: 'ada',
  tags: ['research', 'team-1'],
  quota: { daily_tokens: 100_000, limits: [{ usd: 5, per: 'month', enforce: false }] },
  models: ['gpt-5', 'anthropic/claude-opus-4.7'],
  routes: ['auto'],
  expires_at: '2027-01-31T00:00:00+01:00',
  rpm: 60,
  tpm: 100_000,
  parallel: 4,
  note: 'the laptop',
};

test('both carriers take every field, and read the same from it', () => {
  const { label, ...body } = keyBodySchema.parse({ label: ' cursor ', ...full });
  expect(label).toBe('cursor');
  expect(body).toEqual(full);
  expect(settingsSchema.parse({ keys: { cursor: full } }).keys['cursor']).toEqual({
    ...full,
    generation: 1,
    grace_hours: 24,
  });
});

test('a change takes every field of the body, alone or as null', () => {
  const body = { label: 'cursor', ...full };
  const besides = ['override', 'top_up']; // changes of limits, which are no settings
  expect(Object.keys(keyChangeSchema.shape).sort()).toEqual([...Object.keys(keyBodySchema.shape), ...besides].sort());
  expect(keyChangeSchema.parse(body)).toEqual(body);
  expect(keyChangeSchema.parse({})).toEqual({});
  for (const [name, value] of Object.entries(full)) {
    expect(keyChangeSchema.parse({ [name]: value })).toEqual({ [name]: value });
    expect(keyChangeSchema.parse({ [name]: null })).toEqual({ [name]: null });
  }
  expect(keyChangeSchema.safeParse({ label: null }).success).toBe(false);
  const twice = { tpm: 5, quota: { limits: [{ tokens: 5, per: 'minute' }] } };
  expect(keyChangeSchema.safeParse(twice).success).toBe(false);
});

test('the least is a label', () => {
  expect(keyBodySchema.parse({ label: 'cursor' })).toEqual({ label: 'cursor' });
  expect(keyBodySchema.safeParse({}).success).toBe(false);
});

test.each<[string, object]>([
  ['label', { label: ' ' }],
  ['label', { label: 'x'.repeat(201) }],
  ['user', { user: ' ' }],
  ['tags.0', { tags: ['with blank'] }],
  ['quota.daily_tokens', { quota: { daily_tokens: 0 } }],
  ['quota', { quota: { weekly: 5 } }],
  ['models', { models: [] }],
  ['routes.0', { routes: ['a/b'] }],
  ['expires_at', { expires_at: '2027-01-31' }],
  ['expires_at', { expires_at: '2027-01-31T00:00:00' }],
  ['expires_at', { expires_at: '2027-13-31T00:00:00Z' }],
  ['rpm', { rpm: 0 }],
  ['tpm', { tpm: 1.5 }],
  ['parallel', { parallel: -1 }],
  ['', { paralel: 1 }],
])('%j is refused in %j', (path, fields) => {
  const result = keyBodySchema.safeParse({ label: 'a', ...fields });
  expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
});

test('a secret that administers is no key, and is declared by a hash with its scopes', () => {
  const sha256 = 'a'.repeat(64);
  const problems = (credential: object) =>
    problemsOf(() => settingsOf({ keys: { app: { sha256 } }, credentials: { page: credential } }));
  expect(problems({ scopes: ['read'], sha256: 'b'.repeat(64) })).toEqual([]);
  expect(problems({ scopes: ['read'], sha256 })).toEqual([
    expect.stringMatching(/^credentials\.page\.sha256: is the hash of keys\.app too: a secret belongs to one key\./),
  ]);
  expect(problems({ scopes: [], sha256: 'b'.repeat(64) })).toHaveLength(1);
  expect(problems({ scopes: ['all'], sha256: 'b'.repeat(64) })).toHaveLength(1);
  expect(problems({ scopes: ['read'] })).toHaveLength(1);
});
