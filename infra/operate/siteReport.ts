// What a client meets at the gateway's URL: whether it is ready, and with which certificate.

import { request } from 'node:https';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { SiteReport } from './boxStatus';

/**
 * Asks `/readyz` and looks at the certificate, also at one that is not valid. Sends nothing secret.
 * @param url the gateway's
 * @param address the box's; what the name resolves to does not matter
 */
export async function siteReport(url: string, address: string): Promise<SiteReport> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const sent = request(
      {
        ...{
          host: address,
          port: port === '' ? 443 : port,
          path: '/readyz',
          headers: { host: hostname },
          timeout: 10_000,
          agent: false,
        },
        ...(hostname === address ? {} : { servername: hostname }),
        rejectUnauthorized: false,
      },
      (response) => {
        const certificate = certificateOf(response.socket as TLSSocket);
        response.resume();
        response.on('end', () =>
          resolve({ url, ready: response.statusCode ?? 0, ...(certificate === undefined ? {} : { certificate }) }),
        );
        response.on('error', (error) => resolve({ url, ready: 0, problem: error.message }));
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer in 10 s')));
    sent.on('error', (error) => resolve({ url, ready: 0, problem: error.message }));
    sent.end();
  });
}

// ---

function certificateOf(socket: TLSSocket): SiteReport['certificate'] {
  const found: Partial<PeerCertificate> = socket.getPeerCertificate();
  if (found.valid_to === undefined) return undefined;
  const issuer = [found.issuer?.O, found.issuer?.CN].flat().filter((word) => word !== undefined);
  return { issuer: issuer.join(' '), ends: new Date(found.valid_to).toISOString(), trusted: socket.authorized };
}
