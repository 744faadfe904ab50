// `npm run dev`: the gateway as `npm start` runs it, built and started again on every change of source or configuration,
// with a readable log.
import { spawn } from 'node:child_process';
import { watchFile } from 'node:fs';
import { context } from 'esbuild';
import { options } from './bundle.mjs';

let child;
let restarting = Promise.resolve();

const stop = () =>
  new Promise((resolve) => {
    if (child === undefined || child.exitCode !== null) return resolve();
    child.once('exit', resolve);
    child.kill('SIGTERM');
  });

const restart = () => {
  restarting = restarting.then(stop).then(() => {
    child = spawn(process.execPath, ['--enable-source-maps', 'dist/gateway.js'], {
      stdio: ['inherit', 'pipe', 'inherit'],
    });
    const pretty = spawn(process.execPath, ['node_modules/pino-pretty/bin.js', '--ignore', 'pid,hostname'], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    child.stdout.pipe(pretty.stdin);
  });
};

const bundled = options('dist/gateway.js');
const restarts = {
  name: 'restart',
  setup: (build) => build.onEnd((result) => result.errors.length === 0 && restart()),
};
const builder = await context({ ...bundled, plugins: [...bundled.plugins, restarts] });
await builder.watch();
watchFile(process.env.OVTH_CONFIG ?? './config.yaml', { interval: 500 }, restart);
watchFile('.env', { interval: 500 }, restart);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await stop();
    await builder.dispose();
    process.exit(0);
  });
}
