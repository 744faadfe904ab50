// Under which names the gateway answers. A page that has its own name resolve to this machine would else speak to a gateway
// that only this machine may reach (DNS rebinding).

/** Whether a request that names a host is answered. @param hosts `http.hosts`; empty: any */
export function isServedHost(host: string | undefined, hosts: readonly string[]): boolean {
  if (hosts.length === 0) return true;
  const name = nameOf(host ?? '');
  return loopback.test(name) || hosts.some((each) => each.toLowerCase() === name);
}

// ---

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

// Without port and the dot of a fully qualified name.
function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d{1,5}$/, '')
    .replace(/\.$/, '');
}
