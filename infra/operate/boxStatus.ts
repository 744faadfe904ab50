// What `npm run status` finds out: the box's own report, and what a client meets at the URL.

/** What infra/scripts/status.py prints. Times are seconds since 1970, sizes bytes. */
export interface BoxReport {
  readonly server: {
    readonly name: string;
    readonly booted: number;
    readonly now: number;
    /** Whether a time service keeps the clock right. */
    readonly clock: boolean;
    readonly reboot_required: boolean;
    /** systemd's words for when it may reboot; empty for never. */
    readonly reboot_window: string;
    /** When security upgrades were last looked for; null for never. */
    readonly upgraded: number | null;
  };
  readonly memory: Readonly<Record<'total' | 'free' | 'swap_total' | 'swap_free', number>>;
  readonly disks: readonly { readonly path: string; readonly total: number; readonly free: number }[];
  readonly deploy: {
    /** When the last update that ended has ended; null where none has. */
    readonly ended: number | null;
    /** How often an update has put the box right; null where the box does not know. */
    readonly repairs: number | null;
    /** Files below /srv/ovth that are not as that update left them. */
    readonly changed: readonly string[];
  };
  readonly containers: readonly ContainerReport[];
  /** The last ten of severity error or worse, oldest first. */
  readonly errors: readonly { readonly at: number; readonly from: string; readonly text: string }[];
}

/** One container of the gateway's. */
export interface ContainerReport {
  readonly name: string;
  readonly image: string;
  /** Docker's word: `running`, `restarting`, `exited` … */
  readonly state: string;
  /** `healthy`, `unhealthy`, `starting`, or empty where nothing is checked. */
  readonly health: string;
  /** ISO 8601. */
  readonly since: string;
  /** How often Docker has started it again after a crash. */
  readonly restarts: number;
  /** Of a gateway, the release it belongs to; else empty. */
  readonly release: string;
  /** Whether it ends in the background because another has taken over. */
  readonly retires: boolean;
  /** Of the backup: when the ledger was last known to be copied whole, in ISO 8601; null where no recent look found it so. */
  readonly copied?: string | null;
}

/** What a client meets at the URL. */
export interface SiteReport {
  readonly url: string;
  /** Status of `/readyz`; 0 where nothing answered. */
  readonly ready: number;
  /** Why nothing answered, or what `/readyz` says is wrong. */
  readonly problem?: string;
  readonly certificate?: {
    readonly issuer: string;
    /** ISO 8601. */
    readonly ends: string;
    /** Whether this machine trusts it. */
    readonly trusted: boolean;
  };
}

/** Everything; what `--json` prints. */
export interface StatusReport {
  readonly site: SiteReport;
  /** Absent where the box could not be asked. */
  readonly box?: BoxReport;
  /** Why the box could not be asked. */
  readonly problem?: string;
}

/** One sentence for each thing that is not as it should be; none on a healthy box. */
export function problemsOf({ site, box, problem }: StatusReport, now: number): string[] {
  const found: string[] = [];
  if (site.ready !== 200) found.push(`${site.url} does not serve: ${site.problem ?? `/readyz answers ${site.ready}`}`);
  const left = site.certificate === undefined ? undefined : (Date.parse(site.certificate.ends) - now) / dayMs;
  if (left !== undefined && left < 1) found.push(`the certificate ends in ${Math.max(0, left * 24).toFixed(0)} hours`);
  if (problem !== undefined) found.push(problem);
  if (box === undefined) return found;
  if (!box.containers.some(({ release, state, retires }) => release !== '' && state === 'running' && !retires))
    found.push('no gateway runs; "pulumi up" starts it');
  for (const { name, state, health } of box.containers.filter(
    (each) => each.state === 'restarting' || each.health === 'unhealthy',
  ))
    found.push(`${name} is ${health || state}; look with "npm run logs -- ${kindOf(name)}"`);
  for (const file of box.deploy.changed)
    found.push(`${file} is not as the last update left it; "pulumi up" puts it right`);
  for (const { path, total, free } of box.disks.filter(({ total, free }) => free < total * fullDisk))
    found.push(`${path} is ${percent(total - free, total)} full`);
  return found;
}

/** The report as one screen of text. */
export function statusText(report: StatusReport, now: number): string {
  const { site, box } = report;
  const rows: [string, string][] = [['url', `${site.url}  ${site.ready === 200 ? 'serves' : 'does not serve'}`]];
  rows.push(['certificate', certificateText(site, now)]);
  if (box !== undefined) rows.push(...boxRows(box, now));
  const lines = rows.map(([name, text]) => `${name.padEnd(12)} ${text}`);
  const errors = box?.errors.map(({ at, from, text }) => `  ${moment(at * 1_000)} ${from}: ${text}`) ?? [];
  if (box !== undefined)
    lines.push(`${'errors'.padEnd(12)} ${errors.length === 0 ? 'none' : `the last ${errors.length}:`}`);
  return [...lines, ...errors, ...problemsOf(report, now).map((problem) => `! ${problem}`), ''].join('\n');
}

// ---

const dayMs = 86_400_000;
/** Less than this share free is worth a word. */
const fullDisk = 0.15;

function certificateText({ certificate }: SiteReport, now: number): string {
  if (certificate === undefined) return 'none';
  const days = (Date.parse(certificate.ends) - now) / dayMs;
  const trust = certificate.trusted ? '' : ', not trusted by this machine';
  return `by ${certificate.issuer}, until ${moment(Date.parse(certificate.ends))} (${days.toFixed(0)} days)${trust}`;
}

function boxRows(box: BoxReport, now: number): [string, string][] {
  const { server, memory } = box;
  const window = server.reboot_window === '' ? 'never reboots by itself' : `may reboot at ${server.reboot_window}`;
  const upgraded =
    server.upgraded === null
      ? 'no security upgrades looked for yet'
      : `security upgrades looked for ${since(server.upgraded * 1_000, now)}`;
  const swap =
    memory.swap_total === 0
      ? 'no swap'
      : `${size(memory.swap_total - memory.swap_free)} of ${size(memory.swap_total)} swap used`;
  return [
    [
      'server',
      `${server.name}, booted ${since(server.booted * 1_000, now)}, clock ${server.clock ? 'synchronised' : 'not known to be synchronised'}`,
    ],
    ['upgrades', `${upgraded}; ${server.reboot_required ? 'a reboot is needed; ' : ''}${window}`],
    ['deploy', deployText(box.deploy, now)],
    ...box.containers.map((each): [string, string] => [kindOf(each.name), containerText(each, now)]),
    ['memory', `${size(memory.total - memory.free)} of ${size(memory.total)} used, ${swap}`],
    ...box.disks.map(({ path, total, free }): [string, string] => [
      'disk',
      `${path}  ${size(total - free)} of ${size(total)} used (${percent(total - free, total)})`,
    ]),
  ];
}

/** `gateway`, `front`, `backup`: the word in the container's name, and what `npm run logs` calls it. */
function kindOf(name: string): string {
  return name.split('-')[1] ?? name;
}

function deployText({ ended, repairs }: BoxReport['deploy'], now: number): string {
  const last =
    ended === null
      ? 'no update has ended yet'
      : `last update ended ${moment(ended * 1_000)} (${ago(ended * 1_000, now)} ago)`;
  return repairs === null ? last : `${last}, put right ${repairs === 1 ? 'once' : `${repairs} times`}`;
}

function containerText(each: ContainerReport, now: number): string {
  const { name, image, state, health, since: started, restarts, release, retires, copied } = each;
  const what = release === '' ? `${name}, ${image}` : `release ${release}`;
  const again = restarts === 0 ? '' : `, started again ${restarts} times after a crash`;
  const copy =
    copied === undefined
      ? ''
      : copied === null
        ? ', last copy unknown'
        : `, ledger copied whole ${moment(Date.parse(copied))} (${ago(Date.parse(copied), now)} ago)`;
  return `${what}${retires ? ', retires' : ''}  ${health || state} ${since(Date.parse(started), now)}${again}${copy}`;
}

function since(then: number, now: number): string {
  return `since ${moment(then)} (${ago(then, now)})`;
}

function ago(then: number, now: number): string {
  const minutes = Math.max(0, Math.round((now - then) / 60_000));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} days`;
}

/** To the minute, in UTC. */
function moment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

function percent(part: number, whole: number): string {
  return `${Math.round((100 * part) / whole)} %`;
}
