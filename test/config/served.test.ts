// What the schema accepts and this version does not do is refused by its name, row by row of the table.

import { settingsSchema, stackSchema } from '../../config/schema';
import { unserved, unservedProblems } from '../../config/served';
import { settingsOf, stackProblems } from './support';

/** Row → a value the schema accepts and the row refuses, and the path it is refused at. */
const examples: Record<string, [value: object, path: string]> = {
  'providers.*.accounts': [{ openai: { accounts: { a: {}, b: {} } } }, 'openai.accounts'],
  'provider_keys.*': [{ openai: { a: 'sk-a', b: 'sk-b' } }, 'openai'],
};

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
  expect(found[0]).toContain(row.message ?? 'is not served by this version; remove it.');
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
