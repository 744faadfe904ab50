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

/** What packages bring along and nothing here uses: it would be kept in memory all the same. */
const trimmed = {
  name: 'trimmed',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: resolve('gateway/undici.mjs') }));
    // zod's messages in fifty languages (0.3 MB, 3 MB of memory): all but English.
    onLoad({ filter: /node_modules\/zod\/v4\/locales\/index\.c?js$/ }, ({ path }) => ({
      contents: "exports.en = require('./en.cjs').default;",
      resolveDir: dirname(path),
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
