// Nothing that is kept can be used as a key or tells what was said, and no credential or name is anything but data to the ledger.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { masterKey, startTestGateway, type TestGateway } from '../support/gateway';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';

let upstream: FakeUpstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startFakeUpstream();
  upstream.answer = { body: '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}' }; // prettier-ignore
  gateway = await startTestGateway({ config: `providers: {openai: {base_url: "${upstream.url}/v1"}}\n` });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const ask = (credential: string, model: string, headers: Record<string, string> = {}) =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${credential}`, ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
  });

const allThatIsKept = () => {
  const files = readdirSync(gateway.dataPath, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['ledger.db', 'ledger.db-wal']));
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1')).join('\n') + JSON.stringify(gateway.lines);
}; // prettier-ignore

test('no twelve characters of a key are in the ledger, its log or any other file, also after it was rotated [A1]', async () => {
  const keys: string[] = [];
  for (let i = 0; i < 30; i++) {
    const minted = (await gateway.admin('POST', '/admin/keys', { label: `app ${i}` })).body as { id: string; key: string };
    const rotated = (await gateway.admin('POST', `/admin/keys/${minted.id}/rotate`)).body as { key: string };
    keys.push(minted.key, rotated.key);
    expect((await ask(rotated.key, 'gpt-5.5')).status).toBe(200);
    expect((await ask(minted.key, 'gpt-5.5')).status).toBe(401);
  }
  const kept = allThatIsKept();
  for (const key of keys) {
    expect(kept).not.toContain(key);
    const secret = key.slice('ovth_live_'.length);
    for (let at = 0; at + 12 <= secret.length; at++) expect(kept.includes(secret.slice(at, at + 12))).toBe(false);
  }
  expect(kept).toContain('app 29'); // it is the right place to look
}, 30_000); // prettier-ignore

test('no word of a prompt or of an answer is in the ledger, its log or any other file, also of a request that failed', async () => {
  const [prompt, said] = ['zanzibar-quokka', 'obsidian-marzipan'];
  const key = await gateway.mint({ label: 'the right place' });
  const say = [{ role: 'user', content: [{ type: 'text', text: prompt }] }];
  const tools = [{ type: 'function', function: { name: `look_${prompt}`, description: prompt, parameters: { type: 'object', properties: { [prompt]: { type: 'string' } } } } }];
  const chunk = (delta: object, more: object = {}) => `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: null, ...more }] })}\n\n`;
  const answers = {
    whole: { body: JSON.stringify({ id: 'c', choices: [{ index: 0, message: { role: 'assistant', content: said, reasoning_content: said }, finish_reason: 'stop' }], usage: { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 } }) },
    stream: { headers: { 'content-type': 'text/event-stream' }, body: chunk({ role: 'assistant', content: said }) + chunk({}, { finish_reason: 'stop' }) + 'data: [DONE]\n\n' },
    cut: { headers: { 'content-type': 'text/event-stream' }, body: chunk({ role: 'assistant', content: said }) },
    refused: { status: 400, body: JSON.stringify({ error: { message: `"${prompt}" is not allowed: ${said}`, type: 'invalid_request_error', param: null, code: said } }) },
    failed: { status: 500, body: `<html>${prompt} ${said}</html>` },
    garbage: { body: said.repeat(3) },
  };
  const bodies: [path: string, body: object][] = [
    ['/v1/chat/completions', { model: 'gpt-5.5', messages: say, tools, stop: [prompt], metadata: { about: prompt } }],
    ['/v1/chat/completions', { model: 'gpt-5.5', messages: [{ role: 'system', content: prompt }, { role: prompt, content: prompt }] }],
    ['/anthropic/v1/messages', { model: 'gpt-5.5', max_tokens: 50, system: prompt, messages: say, stop_sequences: [prompt], top_k: 5 }],
    ['/v1beta/models/gpt-5.5:generateContent', { contents: [{ role: 'user', parts: [{ text: prompt }] }], systemInstruction: { parts: [{ text: prompt }] } }],
    ['/v1/responses', { model: 'gpt-5.5', input: prompt, instructions: prompt }],
    ['/v1/embeddings', { model: 'text-embedding-3-small', input: [prompt] }],
  ];
  let asked = 0;
  for (const answer of Object.values(answers))
    for (const stream of [false, true])
      for (const [path, body] of bodies) {
        upstream.answer = answer;
        const reply = await fetch(gateway.url + path, { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify({ ...body, ...(stream ? { stream } : {}) }) });
        await reply.text().catch(() => undefined);
        asked++;
      }
  await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers: { 'x-api-key': key }, body: `{"model":"gpt-5.5","messages":[{"role":"user","content":"${prompt}` });
  expect(JSON.stringify(upstream.calls.map(({ body }) => body.toString()))).toContain(prompt);
  const kept = allThatIsKept();
  expect(kept).toContain('the right place');
  for (const word of [prompt, said])
    for (const form of [word, Buffer.from(word).toString('base64').slice(0, -4)]) expect(kept.includes(form)).toBe(false);
  expect(asked).toBe(72);
}, 60_000); // prettier-ignore

test('no credential and no name is anything but data [A4]', async () => {
  const key = await gateway.mint();
  const words = ["'", '"', ';', '--', '/*', '*/', '%', '_', '\\', '\u0000', ' or 1=1', 'union select', 'drop table keys', ')', '(', '$1', '?', ':a', '\ud800', '😀', 'ovth_live_']; // prettier-ignore
  const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 8 })), { minLength: 1, maxLength: 8 });
  const asHeader = (parts: readonly string[]) => parts.join('').replace(/[^\x21-\x7e\x80-\xff]/g, '') || "'";
  await fc.assert(
    fc.asyncProperty(text, text, async (credential, name) => {
      const guess = asHeader(credential);
      for (const headers of [{ 'x-api-key': guess }, { 'api-key': guess }, { 'x-goog-api-key': guess }, {}] as Record<string, string>[])
        expect([401, 429]).toContain((await ask(guess, 'gpt-5.5', headers)).status);
      expect((await ask(key, `openai/${name.join('')}`)).status).toBeLessThan(500);
      const looked = await fetch(`${gateway.url}/admin/keys/${encodeURIComponent(name.join('').toWellFormed())}`, { headers: { authorization: `Bearer ${masterKey}` } });
      expect(looked.status).toBeLessThan(500);
    }),
    { numRuns: 150 },
  );
  const db = new DatabaseSync(join(gateway.dataPath, 'ledger.db'), { readOnly: true });
  expect(db.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
  expect(db.prepare('select count(*) n from keys').get()).toMatchObject({ n: 32 });
  db.close();
  expect((await ask(key, 'gpt-5.5')).status).toBe(200);
}, 60_000); // prettier-ignore
