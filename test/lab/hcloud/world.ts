// Everything that exists in the lab's cloud, in the shapes the API shows it.
import type { Hardware } from './hardware';

/** Labels of a resource. */
export type Labels = Record<string, string>;

/** A long-running change. */
export interface Action {
  id: number;
  command: string;
  status: 'running' | 'success' | 'error';
  progress: number;
  started: string;
  finished: string | null;
  resources: { id: number; type: string }[];
  error: { code: string; message: string } | null;
}

/** A reverse name. */
export interface Pointer {
  ip: string;
  dns_ptr: string;
}

/** A server, as far as the API keeps it; what depends on other resources is put in when it is shown. */
export interface Server {
  id: number;
  name: string;
  created: string;
  /** Set while it changes; otherwise the machine says. */
  phase: 'initializing' | 'deleting' | undefined;
  type: string;
  location: string;
  image: string;
  labels: Labels;
  protection: { delete: boolean; rebuild: boolean };
  backup_window: string | null;
  userData: string;
  sshKeys: number[];
  firewalls: number[];
  diskSize: number;
}

/** A primary IP. */
export interface PrimaryIp {
  id: number;
  name: string;
  type: 'ipv4' | 'ipv6';
  ip: string;
  location: string;
  labels: Labels;
  protection: { delete: boolean };
  dns_ptr: Pointer[];
  assignee_id: number | null;
  auto_delete: boolean;
  created: string;
}

/** A volume. */
export interface Volume {
  id: number;
  name: string;
  server: number | null;
  status: 'creating' | 'available';
  location: string;
  size: number;
  format: string | null;
  labels: Labels;
  protection: { delete: boolean };
  created: string;
}

/** A rule of a firewall. */
export interface Rule {
  direction: 'in' | 'out';
  protocol: string;
  port: string | null;
  source_ips: string[];
  destination_ips: string[];
  description: string | null;
}

/** A firewall; which servers it guards is kept with the servers. */
export interface Firewall {
  id: number;
  name: string;
  labels: Labels;
  rules: Rule[];
  selectors: string[];
  created: string;
}

/** A public key. */
export interface SshKey {
  id: number;
  name: string;
  fingerprint: string;
  public_key: string;
  labels: Labels;
  created: string;
}

/** A record set of a zone. */
export interface RecordSet {
  name: string;
  type: string;
  ttl: number | null;
  labels: Labels;
  protection: { change: boolean };
  records: { value: string; comment?: string }[];
}

/** A DNS zone. */
export interface Zone {
  id: number;
  name: string;
  ttl: number;
  labels: Labels;
  protection: { delete: boolean };
  rrsets: RecordSet[];
  created: string;
}

/** All of it. */
export interface World {
  hardware: Hardware;
  servers: Map<number, Server>;
  primaryIps: Map<number, PrimaryIp>;
  volumes: Map<number, Volume>;
  firewalls: Map<number, Firewall>;
  sshKeys: Map<number, SshKey>;
  zones: Map<number, Zone>;
  actions: Map<number, Action>;
  /** Errors that the next actions end with, by command. */
  failures: { command: string; code: string; message: string }[];
  lastId: number;
}

/** An empty cloud. */
export function emptyWorld(hardware: Hardware): World {
  return {
    hardware,
    servers: new Map(),
    primaryIps: new Map(),
    volumes: new Map(),
    firewalls: new Map(),
    sshKeys: new Map(),
    zones: new Map(),
    actions: new Map(),
    failures: [],
    lastId: 4_100_000,
  };
}

/** A fresh id; ids are never used twice. */
export function newId(world: World): number {
  world.lastId += 1;
  return world.lastId;
}

/** Now, as the API writes it. */
export function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, '+00:00');
}
