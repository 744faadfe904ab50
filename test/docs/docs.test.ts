// The documentation beside the code: every table whole, every header described, every link alive, every command as written.

import { sessionFields, sessionHeaders } from '../../gateway/src/pipeline/session';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { environmentVariables } from '../../config/environmentVariables';
import { findModel } from '../../config/catalogue';
import { docTables, fillMarkers } from '../../config/docTables';
import { limitNames } from '../../config/limits';
import { errorTable } from '../../gateway/src/core/errors';
import { adminRoutes } from '../../gateway/src/http/admin/routes';
import { endpoints } from '../../gateway/src/http/endpoints';
import { codeOf, sourceFiles } from '../support/sources';
import { makeFolder, startChild } from '../support/child';
import { say, type Scene, startScene } from '../support/sim';
import { adminMeanings, gatewayTables } from '../tools/gatewayTables';

const read = (path: string) => readFileSync(path, 'utf8');
const guide = read('gateway/README.md');
const pages = [
  'README.md',
  'CHANGELOG.md',
  '.github/CONTRIBUTING.md',
  '.github/SECURITY.md',
  'config/REFERENCE.md',
  'gateway/README.md',
  'gateway/DECISIONS.md',
  'gateway/TRANSLATION.md',
  'infra/README.md',
];

describe('tables', () => {
  test('gateway/README.md holds the gateway’s, up to date', () => {
    const filled = fillMarkers(guide, new Map([...docTables(), ...gatewayTables()]));
    expect(filled.names.sort()).toEqual([...gatewayTables().keys()].sort());
    expect(filled.text).toBe(guide);
  });

  test('every endpoint, path of the administration, error and limit has a row [A9]', () => {
    const rows = [
      ...endpoints.map(({ method, path }) => `\`${method} ${path}\``),
      ...adminRoutes.map(({ method, path }) => `\`${method} ${path.replace(':id', '{id}')}\``),
      ...Object.keys(errorTable).map((code) => `\`${code}\``),
    ];
    expect(rows.filter((row) => !guide.includes(`\n| ${row} |`))).toEqual([]);
    const reference = read('config/REFERENCE.md');
    expect(limitNames.filter((name) => !reference.includes(`\n| \`${name}\` |`))).toEqual([]);
  });

  test('every path of the administration is explained, and nothing else [A9]', () => {
    const named = adminRoutes.map(({ method, path }) => `${method} ${path}`);
    expect(Object.keys(adminMeanings).sort()).toEqual(named.sort());
  });

  test('the operations’ paths are those that are opened', () => {
    const opened = [...codeOf('gateway/src/http/operations.ts').matchAll(/server\.get\(["'](\/\w+)["']/g)].map(
      ([, path]) => path,
    );
    expect(opened.length).toBeGreaterThan(0);
    expect(opened.filter((path) => !guide.includes(`| \`GET ${path}\` |`))).toEqual([]);
  });
});

describe('headers of an answer', () => {
  const section = guide.slice(guide.indexOf('## Headers of an answer'), guide.indexOf('## Errors'));
  const documented = new Set([...section.matchAll(/`([a-z][a-z-]+)(?::[^`]*)?`/g)].map(([, name = '']) => name));
  const isOurs = (name: string) => /^(x-|retry-after$|allow$)/.test(name);
  /** Read from requests or providers, and never set. */
  const readOnly =
    /^x-(http-method(-override)?|method-override|gzip|api-key|goog-api-key|goog-.*|title|real-ip|forwarded-.*|session-.*|claude-code-session-id|litellm-session-id)$/;

  test('each that the code names is described', () => {
    const named = sourceFiles('gateway/src')
      .filter((file) => !file.startsWith('gateway/src/wire/'))
      .flatMap((file) => [...codeOf(file).matchAll(/["'`](x-[a-z-]+[a-z])(?:-\$\{unit\})?["'`]/g)])
      .map(([, name = '']) =>
        name.startsWith('x-ratelimit') ? `${name.replace(/-(tokens|requests)$/, '')}-tokens` : name,
      );
    const set = [...new Set(named)].filter((name) => !readOnly.test(name));
    expect(set).toEqual(expect.arrayContaining(['x-request-id', 'x-ovth-route', 'x-should-retry']));
    expect(set.filter((name) => !documented.has(name))).toEqual([]);
  });

  test('each that pages of other origins are told is described', () => {
    const set = [
      ...codeOf('gateway/src/http/cors.ts').matchAll(/["'](access-control-(?!request-)[a-z-]+|vary)["']|\b(vary):/g),
    ].map(([, quoted, plain]) => quoted ?? plain ?? '');
    expect(set).toContain('access-control-allow-origin');
    expect(set.filter((name) => !documented.has(name))).toEqual([]);
  });

  test('and each that names a session', () => {
    const described = guide.slice(guide.indexOf('## Sessions'), guide.indexOf('## Headers of an answer'));
    for (const name of [...sessionHeaders, ...sessionFields]) expect(described).toContain(`\`${name}\``);
  });

  describe('of a running gateway', () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await startScene();
    }, 60_000);
    afterAll(() => scene.close());

    const chat = (key: string, more: object = {}) =>
      scene.post('/v1/chat/completions', key, { model: 'claude-opus-4.7', messages: say('hi'), ...more });

    // Translated or failed, so that no header is a provider's own.
    const answers: Record<string, (key: string, poor: string) => Promise<Response>> = {
      whole: (key) => chat(key),
      streamed: (key) => chat(key, { stream: true }),
      dropped: (key) => chat(key, { logit_bias: { '1': 1 } }),
      repaired: (key) => chat(key, { messages: [...say('hi'), { role: 'tool', tool_call_id: 'c1', content: 'x' }] }),
      successor: (key) => chat(key, { model: 'gemini-1.5-flash' }),
      'old secret': async () => {
        const { body } = await scene.gateway.admin('POST', '/admin/keys', { label: 'rotated' });
        await scene.gateway.admin('POST', `/admin/keys/${body.id}/rotate`, { grace_hours: 1 });
        return chat(body.key as string);
      },
      'a budget mostly spent': async () => {
        const quota = { limits: [{ requests: 4, per: 'day' }] };
        const key = await scene.gateway.mint({ label: 'spent', quota });
        for (let i = 0; i < 3; i++) {
          const answer = await chat(key);
          await answer.text();
          await scene.gateway.row(answer.headers.get('x-request-id') ?? '');
        }
        return chat(key);
      },
      counted: (key) =>
        scene.post('/v1/messages/count_tokens', key, { model: 'gemini-3.5-flash', messages: say('hi'), max_tokens: 5 }),
      'over quota': (_key, poor) => chat(poor),
      'wrong method': () => fetch(`${scene.gateway.url}/v1/chat/completions`),
      models: () => fetch(`${scene.gateway.url}/v1/models`),
      ready: () => fetch(`${scene.gateway.url}/readyz`),
      administration: () => fetch(`${scene.gateway.url}/admin/keys`),
    };

    test('all are described, and those that are described come', async () => {
      const key = await scene.gateway.mint({ label: 'docs', quota: { daily_tokens: 100_000 } });
      const poor = await scene.gateway.mint({ label: 'poor', quota: { daily_tokens: 1 } });
      const seen = new Set<string>();
      for (const ask of Object.values(answers)) {
        const answer = await ask(key, poor);
        for (const name of answer.headers.keys()) seen.add(name);
        await answer.text();
      }
      const ours = [...seen].filter(isOurs);
      expect(ours.filter((name) => !documented.has(name))).toEqual([]);
      const promised = [...documented].filter((name) => isOurs(name) && !/-lost$|-requests$/.test(name));
      expect(promised.filter((name) => !seen.has(name))).toEqual([]);
    });
  });
});

describe('pages', () => {
  const anchorOf = (heading: string) =>
    heading
      .replaceAll('`', '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
  const anchors = (path: string) =>
    [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

  test.each(pages)('%s: every link leads somewhere', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const dead = links
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : normalize(join(dirname(page), path));
        return !existsSync(target) || (anchor !== undefined && !anchors(target).includes(anchor));
      });
    expect(dead).toEqual([]);
  });

  test.each(['gateway/README.md', 'gateway/DECISIONS.md', '.github/CONTRIBUTING.md'])(
    '%s: every file it names is there',
    (page) => {
      const named = [...read(page).matchAll(/`((?:[\w.-]+\/)+[\w.-]*)`/g)].map(([, path = '']) => path);
      expect(named.length).toBeGreaterThan(5);
      const beside: string[] = [environmentVariables.OVTH_SHARED.default]; // not every clone has it
      const places = (path: string) => [
        path,
        join('gateway', path),
        join('gateway/src', path),
        join('gateway/src/http', path),
        join('gateway/src/pipeline', path),
        join('gateway/src/storage', path),
      ];
      expect(named.filter((path) => !beside.includes(path) && !places(path).some(existsSync))).toEqual([]);
    },
  );

  test('gateway/DECISIONS.md: every name it gives stands in its file', () => {
    const named = [...read('gateway/DECISIONS.md').matchAll(/\(`(\w+)` in `([\w./]+)`\)/g)];
    expect(named.length).toBeGreaterThan(1);
    expect(named.filter(([, name = '', path = '']) => !read(join('gateway', path)).includes(name))).toEqual([]);
  });

  test('the README is read in one sitting', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(200);
  });

  test('every npm script that is named exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = pages.flatMap((page) => [...read(page).matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name));
    expect([...new Set(named)].filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  test('the sample requests of the README name models that are current', () => {
    const models = [...read('README.md').matchAll(/"model":"([^"]+)"/g)].map(([, name = '']) => name);
    expect(models.length).toBeGreaterThan(1);
    expect(models.filter((name) => findModel(name)?.model.current !== true)).toEqual([]);
  });
});

test('a stack of one’s own is not tracked, so that no pull meets it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ovth-ignore-'));
  cpSync('.gitignore', join(folder, '.gitignore'));
  execFileSync('git', ['init', '--quiet', folder]);
  const files = ['Pulumi.prod.yaml', 'Pulumi.lab.yaml', 'Pulumi.dev.yaml', 'Pulumi.yaml'];
  const ignored = execFileSync('git', ['-C', folder, 'check-ignore', ...files], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(ignored.trim().split('\n')).toEqual(['Pulumi.prod.yaml', 'Pulumi.lab.yaml']);
  const named = pages.flatMap((page) => [...read(page).matchAll(/pulumi stack init (\S+)/g)].map(([, name]) => name));
  expect(named).toContain('prod');
  expect(named).not.toContain('dev');
});

test('the README’s first key is minted as written', async () => {
  const block = [...read('README.md').matchAll(/```sh\n([\s\S]*?)```/g)].find(([, text = '']) =>
    text.includes('MASTER_KEY='),
  );
  const folder = makeFolder('log: {level: info}\n');
  const gateway = await startChild({ folder: folder.path, env: { OVTH_MASTER_KEY: undefined } });
  try {
    const commands = (block?.[1] ?? '').replaceAll('http://127.0.0.1:8080', gateway.url);
    const printed = execFileSync('bash', ['-ec', `${commands.replaceAll('curl ', 'curl -sS ')}`], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'] },
      timeout: 20_000,
    });
    expect(JSON.parse(printed.toString())).toMatchObject({
      key: expect.stringMatching(/^ovth_live_/),
      label: 'cursor',
      quota: { daily_tokens: 100_000 },
    });
  } finally {
    gateway.process.kill('SIGTERM');
    await gateway.ended;
    folder.remove();
  }
}, 60_000);
