// Whole frames of a stream, split into single ones: each with its blank line, in time that grows with their bytes alone.

import { singleFrames } from '../../gateway/src/wire/shared/sse';

const split = (text: string) => [...singleFrames(Buffer.from(text))].map((frame) => frame.toString());

test('a frame ends with its blank line, whichever line ends stand in it', () => {
  const frames = ['data: a\n\n', 'data: b\r\n\r\n', 'data: c\r\r', 'event: x\ndata: d\n\n', 'data: e\r\ndata: f\n\r\n'];
  expect(split(frames.join(''))).toEqual(frames);
  expect(split([...frames].reverse().join(''))).toEqual([...frames].reverse());
  expect(split('data: a\n\ndata: b')).toEqual(['data: a\n\n', 'data: b']);
  expect(split('')).toEqual([]);
});

test.each(['\n\n', '\r\n\r\n', '\r\r'])('a chunk of thousands of frames that end in %j holds nobody up', (blank) => {
  const chunk = Buffer.from(`data:1${blank}`.repeat(20_000));
  const begun = performance.now();
  let count = 0;
  for (const frame of singleFrames(chunk)) count += frame.length > 0 ? 1 : 0;
  expect(count).toBe(20_000);
  expect(performance.now() - begun).toBeLessThan(500); // some 10 ms; 2,700 where the rest is searched for each
});
