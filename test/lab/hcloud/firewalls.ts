// Firewalls: `/firewalls`. Kept and shown, not enforced: what a test asserts on is the rules.
import * as z from 'zod';
import { begin } from './action';
import { Refusal, invalid } from './refusal';
import { found, labels, list, read, rename, requireUnique, resourceName } from './request';
import type { Answer, Request, Routes } from './request';
import { showFirewall } from './show';
import { newId, now, type Action, type Firewall, type World } from './world';

/** The routes. */
export const firewallRoutes: Routes = {
  'GET /firewalls': ({ world, query }) =>
    list(
      'firewalls',
      [...world.firewalls.values()].map((firewall) => showFirewall(world, firewall)),
      query,
    ),
  'POST /firewalls': create,
  'GET /firewalls/:id': (request) => one(request.world, found('firewall', request.world.firewalls, request)),
  'PUT /firewalls/:id': (request) => {
    const firewall = found('firewall', request.world.firewalls, request);
    const change = read(rename, request.body);
    if (change.name !== undefined)
      requireUnique('firewall', request.world.firewalls.values(), change.name, firewall.id);
    Object.assign(firewall, { name: change.name ?? firewall.name, labels: change.labels ?? firewall.labels });
    return one(request.world, firewall);
  },
  'DELETE /firewalls/:id': (request) => {
    const firewall = found('firewall', request.world.firewalls, request);
    if (showFirewall(request.world, firewall).applied_to.length > 0)
      throw new Refusal('resource_in_use', `firewall with ID ${firewall.id} is still in use`);
    request.world.firewalls.delete(firewall.id);
    return { status: 204 };
  },
  'POST /firewalls/:id/actions/set_rules': (request) => {
    const firewall = found('firewall', request.world.firewalls, request);
    firewall.rules = read(z.object({ rules }), request.body).rules.map(complete);
    return { status: 201, body: { actions: [act(request.world, 'set_firewall_rules', firewall)] } };
  },
  'POST /firewalls/:id/actions/apply_to_resources': (request) => {
    const firewall = found('firewall', request.world.firewalls, request);
    const { apply_to } = read(z.object({ apply_to: z.array(target).min(1) }), request.body);
    return { status: 201, body: { actions: apply_to.map((entry) => guard(request.world, firewall, entry)) } };
  },
  'POST /firewalls/:id/actions/remove_from_resources': removeFrom,
};

// ---

const network = z.union([z.cidrv4(), z.cidrv6()], { error: 'must be in CIDR notation' });

const rules = z
  .array(
    z
      .looseObject({
        direction: z.enum(['in', 'out']),
        protocol: z.enum(['tcp', 'udp', 'icmp', 'esp', 'gre']),
        port: z
          .string()
          .regex(/^\d{1,5}(-\d{1,5})?$/)
          .nullish(),
        source_ips: z.array(network).nullish(),
        destination_ips: z.array(network).nullish(),
        description: z.string().max(255).nullish(),
      })
      .refine(
        (rule) => ['tcp', 'udp'].includes(rule.protocol) === (rule.port != null),
        'port is needed for tcp and udp only',
      )
      .refine((rule) => rule.direction !== 'in' || (rule.source_ips ?? []).length > 0, 'source_ips is needed'),
  )
  .max(50);

const target = z.looseObject({
  type: z.enum(['server', 'label_selector']),
  server: z.object({ id: z.int() }).optional(),
  label_selector: z.object({ selector: z.string() }).optional(),
});

function complete(rule: z.infer<typeof rules>[number]) {
  return {
    direction: rule.direction,
    protocol: rule.protocol,
    port: rule.port ?? null,
    source_ips: rule.source_ips ?? [],
    destination_ips: rule.destination_ips ?? [],
    description: rule.description ?? null,
  };
}

function create({ world, body }: Request): Answer {
  const wanted = read(
    z.looseObject({
      name: resourceName,
      labels: labels.default({}),
      rules: rules.default([]),
      apply_to: z.array(target).default([]),
    }),
    body,
  );
  requireUnique('firewall', world.firewalls.values(), wanted.name);
  const firewall: Firewall = {
    id: newId(world),
    name: wanted.name,
    labels: wanted.labels,
    rules: wanted.rules.map(complete),
    selectors: [],
    created: now(),
  };
  world.firewalls.set(firewall.id, firewall);
  const actions = [
    act(world, 'set_firewall_rules', firewall),
    ...wanted.apply_to.map((entry) => guard(world, firewall, entry)),
  ];
  return { status: 201, body: { firewall: showFirewall(world, firewall), actions } };
}

function guard(world: World, firewall: Firewall, entry: z.infer<typeof target>): Action {
  if (entry.label_selector !== undefined) firewall.selectors.push(entry.label_selector.selector);
  else {
    const server = world.servers.get(entry.server?.id ?? 0);
    if (server === undefined) throw new Refusal('firewall_resource_not_found', 'the resource was not found');
    if (server.firewalls.includes(firewall.id))
      throw new Refusal('firewall_already_applied', 'firewall was already applied on the resource');
    server.firewalls.push(firewall.id);
  }
  return act(world, 'apply_firewall', firewall);
}

function removeFrom(request: Request): Answer {
  const { world } = request;
  const firewall = found('firewall', world.firewalls, request);
  const { remove_from } = read(z.object({ remove_from: z.array(target).min(1) }), request.body);
  for (const entry of remove_from) {
    const server = world.servers.get(entry.server?.id ?? 0);
    if (entry.type === 'server' && server === undefined)
      throw new Refusal('firewall_resource_not_found', 'the resource was not found');
    if (entry.type === 'label_selector' && entry.label_selector === undefined)
      throw invalid('remove_from', 'label_selector is needed');
    if (server !== undefined) server.firewalls = server.firewalls.filter((id) => id !== firewall.id);
    firewall.selectors = firewall.selectors.filter((selector) => selector !== entry.label_selector?.selector);
  }
  return { status: 201, body: { actions: [act(world, 'remove_firewall', firewall)] } };
}

function act(world: World, command: string, firewall: Firewall): Action {
  return begin(world, command, [{ type: 'firewall', id: firewall.id }], async () => undefined);
}

function one(world: World, firewall: Firewall): Answer {
  return { status: 200, body: { firewall: showFirewall(world, firewall) } };
}
