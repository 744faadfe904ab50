// The forms of `http`: what is an origin, a host name, an address range.

import { httpSchema } from '../../config/httpSettings';

const valid = (name: string, value: string) => httpSchema.safeParse({ [name]: [value] }).success;

test.each([
  [
    'cors_origins',
    ['*', 'https://app.example.com', 'http://localhost:3000', 'http://127.0.0.1:1', 'http://[::1]:5173'],
  ],
  ['hosts', ['gateway.example.com', 'localhost', '203.0.113.7', '[2001:db8::1]', 'a-b.internal']],
  ['trusted_proxies', ['127.0.0.1/32', '10.0.0.0/8', '::1/128', 'fd00::/8']],
  ['admin_cidrs', ['203.0.113.7/32', '2001:db8::/32', '0.0.0.0/0']],
])('%s takes these', (name, values) => expect(values.filter((value) => !valid(name, value))).toEqual([]));

test.each([
  [
    'cors_origins',
    ['', 'app.example.com', 'https://app.example.com/', 'https://*.example.com', 'ftp://x', 'https://u@x', 'null'],
  ],
  ['hosts', ['', 'https://x.example', 'x.example:443', '*.example.com', '-x.example', 'a..b', 'x.example/', 'a b']],
  ['trusted_proxies', ['127.0.0.1', '10.0.0.0/33', 'localhost', '::1/129', '']],
  ['admin_cidrs', ['203.0.113.7', '*', 'all']],
])('%s takes none of these', (name, values) => expect(values.filter((value) => valid(name, value))).toEqual([]));

test('by default only loopback and private ranges are trusted, and nothing is restricted', () => {
  expect(httpSchema.parse({})).toEqual({
    cors_origins: [],
    hosts: [],
    trusted_proxies: [
      '127.0.0.0/8',
      '10.0.0.0/8',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '198.18.0.0/15',
      '::1/128',
      'fc00::/7',
    ],
    admin_cidrs: [],
  });
});
