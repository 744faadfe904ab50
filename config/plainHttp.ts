// Addresses that are one's own: where an upstream may be spoken to without TLS, and which proxies are trusted.

import { BlockList, isIP } from 'node:net';

/** Loopback, RFC 1918, fc00::/7, and 198.18.0.0/15 (RFC 2544: test networks, never routed), as address ranges. */
export const privateRanges = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '::1/128',
  'fc00::/7',
] as const;

/**
 * Whether a URL's host is one's own by its address or name: `privateRanges`, single-label names (containers) and
 * `.internal`. @throws TypeError for a text that is no URL
 */
export function plainHttpAllowed(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const family = isIP(host);
  if (family !== 0) return own.check(host, family === 4 ? 'ipv4' : 'ipv6');
  return !host.includes('.') || host.endsWith('.internal');
}

// ---

const own = new BlockList();
for (const range of privateRanges) {
  const [address = '', bits] = range.split('/');
  own.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
}
