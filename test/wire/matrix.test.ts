// Every feature of every format is carried, approximated, named as dropped, or refused; none is lost without a trace.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { features } from './features';
import { cellOf, formats, page } from './matrix';

const pairs = formats.flatMap((from) => formats.filter((to) => to !== from).map((to) => ({ from, to })));

test.each(pairs)('$from to $to: no feature is lost without a trace', ({ from, to }) => {
  const silent = features.flatMap((feature) => {
    const cell = cellOf(feature, from, to);
    return cell?.outcome === 'lost in silence' ? [{ feature: feature.name, how: cell.how }] : [];
  });
  expect(silent).toEqual([]);
});

test('TRANSLATION.md is up to date (npm run docs writes it)', () => {
  expect(readFileSync(join(__dirname, '..', '..', 'gateway', 'TRANSLATION.md'), 'utf8')).toBe(page());
});
