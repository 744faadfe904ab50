// A browser of this machine, and pages of origins of their own.

import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium } from 'playwright-core';

const places = [
  process.env['OVTH_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser's program; undefined, with a warning, where this machine has none. In CI that is a failure. */
export function browserProgram(): string | undefined {
  const program = places.find((path) => path !== undefined && existsSync(path));
  if (program !== undefined) return program;
  if (process.env['CI'] === 'true') throw new Error('there is no Chromium: apt-get install chromium');
  console.warn('SKIPPED: there is no Chromium (apt-get install chromium, or OVTH_CHROMIUM=its program).');
  return undefined;
}

/** Starts it. The names `*.page.test` lead to this machine. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--host-resolver-rules=MAP *.page.test 127.0.0.1'] });
}

export interface PageServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves one page with a script, under whatever name it is called. @param script JavaScript */
export async function servePage(script: string): Promise<PageServer> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/script.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><title>a page</title><script src="/script.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
