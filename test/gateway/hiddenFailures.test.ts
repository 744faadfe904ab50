// A provider's failure that stands behind an event without an end, in one piece with it: it is found, booked as what it is, and
// our key is cleaned out of it.

import { providerKeys, streamAnswer, streamParts, useRouteScene } from '../support/routeScene';

const scene = useRouteScene();
const { ask } = scene;

const key = providerKeys.A_KEY;

test.each([
  {
    name: 'arguments without an end',
    kind: 'generate',
    event: `data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{\n\ndata: {"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"bad key ${key}"}}\n\n`,
    error: 'upstream_rate_limited',
  },
  {
    name: 'an escape at the end of a line',
    kind: 'messages',
    event: `data: bad key "${key} \\\nevent: error\n\n`,
    error: undefined,
  },
  {
    name: 'an escape that its line cuts, in a text that is counted',
    kind: 'messages',
    event: `data: {"text":"bad key ${key} \\u\nevent: error\n\n`,
    error: undefined,
  },
] as const)('$name', async ({ kind, event, error }) => {
  const { preamble, content } = streamParts(kind, 'Hello');
  scene.a.answer = streamAnswer(preamble + content + event);
  const text = await (await ask(kind, `a-${kind}/m`, true)).text();
  expect(text).toContain('[key]');
  expect(text).not.toContain(key);
  const row = await scene.lastRow();
  expect(row.outcome).toBe('error');
  if (error !== undefined) expect(row.error).toBe(error);
});
