// How the gateway is bundled: one file, with the programs of its threads inside as text.
import { dirname, resolve } from 'node:path';
import { build } from 'esbuild';

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'cjs',
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
};

/** `import program from 'worker:./thread'` gives thread.ts, bundled by itself, so that a thread loads no more than it needs. */
const threads = {
  name: 'threads',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^worker:/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, `${path.slice('worker:'.length)}.ts`),
      namespace: 'worker',
    }));
    onLoad({ filter: /.*/, namespace: 'worker' }, async ({ path }) => {
      const { outputFiles, metafile } = await build({
        ...shared,
        entryPoints: [path],
        write: false,
        metafile: true,
        minifyWhitespace: true,
      });
      return {
        contents: outputFiles[0].text,
        loader: 'text',
        watchFiles: Object.keys(metafile.inputs).map((file) => resolve(file)),
        resolveDir: dirname(path),
      };
    });
  },
};

/** What packages load, or would, for what they are not asked here, as they name it. */
const unused = [
  // Compilers of schemas, which no route has (http/server.ts), requests for tests, the versions of plugins, and addresses
  // behind proxies, which http/clientAddress.ts finds.
  '@fastify/(ajv-compiler|fast-json-stringify-compiler|proxy-addr)',
  'light-my-request',
  'semver',
  // HTTP/2, which neither server nor pool is told to speak; a second parser, chosen by an environment variable; and bodies that
  // are forms.
  'node:http2',
  '\\./client-h2\\.js',
  '\\.\\./milo/(no-)?simd\\.js',
  '\\.\\./web/(fetch/body\\.js|fetch/formdata|webidl)',
];

/** What packages bring along and nothing here uses: it would be kept in memory all the same (1 MB of 3.2). */
const trimmed = {
  name: 'trimmed',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: resolve('gateway/undici.mjs') }));
    onResolve({ filter: new RegExp(`^(${unused.join('|')})$`) }, ({ path }) => ({ path, namespace: 'unused' }));
    onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({
      contents: `module.exports = () => { throw new Error(${JSON.stringify(`${path} is not in the bundle`)}); };`,
    }));
  },
};

/** esbuild's options for the gateway. @param outfile where the bundle goes */
export function options(outfile) {
  return {
    ...shared,
    entryPoints: ['gateway/src/main.ts'],
    outfile,
    sourcemap: 'linked',
    sourcesContent: false,
    plugins: [threads, trimmed],
    minifyWhitespace: true, // 5 MB of memory
  };
}
