// The type of a medium by its first bytes: also where they are made to be long to look at.

import type { Media } from '../../gateway/src/wire/neutral';
import { withOwnType } from '../../gateway/src/wire/shared/mediaType';

const image = (text: string): Media => ({
  type: 'media',
  kind: 'image',
  mime: 'image/png',
  data: Buffer.from(text).toString('base64'),
});

const svg = '<svg xmlns="http://www.w3.org/2000/svg"></svg>';

test.each([
  ['alone', svg],
  [
    'after a declaration, comments and a document type',
    `<?xml version="1.0"?>\n<!-- a -->\n<!---->\n<!DOCTYPE svg>\n${svg}`,
  ],
  ['after many comments', `${'<!---->'.repeat(40)}${svg}`],
])('a vector graphic %s', (_name, text) => {
  expect(withOwnType(image(text))).toMatchObject({ kind: 'document', mime: 'text/plain' });
});

// Every way to divide the comments between two parts of a pattern would be tried: 2^54 of them.
test.each(['<!---->'.repeat(54), '<!--'.repeat(90), `${'<!-- -->'.repeat(40)}<sv`])(
  'none, after comments: %#',
  (text) => {
    expect(withOwnType(image(text))).toMatchObject({ kind: 'image' });
  },
);
