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

/** esbuild's options for the gateway. @param outfile where the bundle goes */
export function options(outfile) {
  return {
    ...shared,
    entryPoints: ['gateway/src/main.ts'],
    outfile,
    sourcemap: 'linked',
    sourcesContent: false,
    plugins: [threads],
  };
}
