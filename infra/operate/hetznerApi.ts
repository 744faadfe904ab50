// Hetzner's API for commands that run beside the engine. The program itself asks through the provider.

import { type CloudKind, cloudKinds, type CloudResource } from '../preflight/cloudResources';

/** Where the API is, and whose project. */
export interface ApiAccess {
  readonly token: string;
  /** Without a trailing slash. */
  readonly endpoint: string;
}

/** The API's address for the provider and for us: `HCLOUD_ENDPOINT`, by default Hetzner's own. */
export function apiEndpoint(environment: NodeJS.ProcessEnv): string {
  return environment['HCLOUD_ENDPOINT'] ?? 'https://api.hetzner.cloud/v1';
}

/**
 * Everything of the kinds in cloudResources.ts that the token's project has, of all stacks.
 * @throws Error with the API's words when it refuses or does not answer
 */
export async function listResources(access: ApiAccess): Promise<CloudResource[]> {
  const kinds = Object.keys(cloudKinds) as CloudKind[];
  return (await Promise.all(kinds.map((kind) => listKind(access, kind)))).flat();
}

// ---

interface Listed {
  readonly id: number;
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly server?: number | null;
  readonly type?: unknown;
}

interface Page {
  readonly [collection: string]: unknown;
  readonly meta: { readonly pagination: { readonly next_page: number | null } };
}

async function listKind(access: ApiAccess, kind: CloudKind): Promise<CloudResource[]> {
  const { path } = cloudKinds[kind];
  const found: CloudResource[] = [];
  for (let page: number | null = 1; page !== null;) {
    const body: Page = await get(access, `${path}?page=${page}&per_page=50`);
    for (const { id, name, labels, server, type } of body[path] as Listed[]) {
      const more = {
        ...(kind === 'volume' && server != null ? { server: String(server) } : {}),
        ...(kind === 'primary IP' ? { family: String(type) } : {}),
      };
      found.push({ kind, id: String(id), name, labels, ...more });
    }
    page = body.meta.pagination.next_page;
  }
  return found;
}

async function get({ token, endpoint }: ApiAccess, path: string): Promise<Page> {
  const response = await fetch(`${endpoint}/${path}`, { headers: { authorization: `Bearer ${token}` } });
  const body = (await response.json()) as Page & { error?: { message: string; code: string } };
  if (!response.ok)
    throw new Error(`${body.error?.message ?? response.statusText} (${body.error?.code ?? response.status})`);
  return body;
}
