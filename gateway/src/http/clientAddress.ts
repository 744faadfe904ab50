// The address of a request's client: that of its connection, or what proxies that are trusted say of theirs.

import { type IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

export interface ClientAddresses {
  /** The address of a request's client: IPv4 in its own form, also where it came mapped into IPv6. */
  of(request: Pick<IncomingMessage, 'headers' | 'socket'>): string;
}

/** Addresses whose proxies are remembered: the same few connect all the time. */
const mostRemembered = 1_000;

/** @param trusted address ranges of proxies at this moment (`http.trusted_proxies`) */
export function openClientAddresses(trusted: () => readonly string[]): ClientAddresses {
  const isTrusted = openRanges(trusted);
  return {
    of({ headers, socket }) {
      const peer = plain(socket.remoteAddress ?? '');
      const forwarded = headers['x-forwarded-for'];
      return forwarded === undefined || !isTrusted(peer) ? peer : clientIn(String(forwarded), peer, isTrusted);
    },
  };
}

/** A function that says whether an address lies in one of some ranges. @param ranges those of this moment */
export function openRanges(ranges: () => readonly string[]): (address: string) => boolean {
  let made: readonly string[] | undefined;
  let lies: (address: string) => boolean = () => false;
  return (address) => {
    const now = ranges();
    if (now !== made) {
      made = now;
      lies = remembering(listOf(now));
    }
    return lies(address);
  };
}
/** Addresses that one party holds together: of IPv6 the network of 64 bits that is given to one household or server. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}

// ---

function listOf(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
}

// Each proxy adds the address that it was called from at the right: the client's is the last that no trusted proxy has. What
// stands to the left of it, its client may have written.
function clientIn(forwarded: string, peer: string, isTrusted: (address: string) => boolean): string {
  let client = peer;
  for (const part of forwarded.slice(-2_000).split(',').reverse()) {
    const address = plain(part.split('%', 1)[0]?.trim() ?? ''); // a zone means something on its own machine only
    if (isIP(address) === 0) return client;
    client = address;
    if (!isTrusted(address)) return client;
  }
  return client;
}

function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

function remembering(decide: (address: string) => boolean): (address: string) => boolean {
  const known = new Map<string, boolean>();
  return (address) => {
    let answer = known.get(address);
    if (answer === undefined) {
      answer = decide(address);
      if (known.size >= mostRemembered) known.clear();
      known.set(address, answer);
    }
    return answer;
  };
}
