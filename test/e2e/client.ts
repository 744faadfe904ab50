// A client of the deployed gateway, over real TLS with a verified certificate.

import { Agent, request } from 'node:https';
import type { LookupFunction } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Client {
  send(method: string, path: string, headers?: Record<string, string>, body?: object): Promise<Answer>;
  /** The guide's first curl. */
  chat(key: string, model?: string): Promise<Answer>;
  /** Sends the guide's first curl at an even pace until it is stopped. */
  load(key: string, perSecond: number): Load;
}

export interface Load {
  /** Every answer's time and route; a failed request has its error as route and no 200. */
  readonly answers: { readonly at: number; readonly status: number; readonly route: string }[];
  stop(): Promise<void>;
}

/**
 * @param ca PEM of the root that must have signed the certificate
 * @param address where the URL's name is found; only the lab's own DNS knows it
 */
export function openClient(url: string, ca: string, address?: string): Client {
  const lookup: LookupFunction | undefined =
    address === undefined
      ? undefined
      : (_name, { all }, found) => (all === true ? found(null, [{ address, family: 4 }]) : found(null, address, 4));
  // A connection for each request: what is measured includes being let in.
  const agent = new Agent({ ca, keepAlive: false, ...(lookup === undefined ? {} : { lookup }) });
  const send: Client['send'] = (method, path, headers = {}, body) =>
    new Promise((resolve, reject) => {
      const sent = request(url + path, { method, headers, agent, timeout: 30_000 }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      sent.on('timeout', () => sent.destroy(new Error('no answer in 30 s')));
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const chat: Client['chat'] = (key, model = 'auto') =>
    send(
      'POST',
      '/v1/chat/completions',
      { authorization: `Bearer ${key}` },
      { model, messages: [{ role: 'user', content: 'hi' }] },
    );
  return {
    send,
    chat,
    load: (key, perSecond) => {
      const answers: Load['answers'] = [];
      const open = new Set<Promise<void>>();
      const timer = setInterval(() => {
        const one = chat(key).then(
          ({ status, headers }) =>
            void answers.push({ at: Date.now(), status, route: String(headers['x-ovth-route']) }),
          (error: unknown) => void answers.push({ at: Date.now(), status: 0, route: String(error) }),
        );
        open.add(one);
        void one.finally(() => open.delete(one));
      }, 1_000 / perSecond);
      // A test that fails before it stops the load must not keep the suite from ending.
      timer.unref();
      return {
        answers,
        stop: async () => {
          clearInterval(timer);
          await Promise.all(open);
        },
      };
    },
  };
}
