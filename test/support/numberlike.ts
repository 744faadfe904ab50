// What may stand where a number should.

import fc from 'fast-check';

/** As JSON text, so that what JavaScript cannot print (1e400, 2^53 + 1) is there too. */
export const numberlike = fc.oneof(
  fc.constantFrom('-1', '0', '1.5', '1e30', '-1e30', '1e400', '9007199254740991', '9007199254740993', '18446744073709551616', '-0', '1e-7', 'null', 'true', '""', '"12"', '"abc"', '[]', '[1]', '{}', '{"a":1}'), // prettier-ignore
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
);
