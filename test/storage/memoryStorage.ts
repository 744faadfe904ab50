// The storage as DESIGN describes it, in plain maps: what other storages are compared with. It shares no code with them
// but the types, keeps every row for good, and sums anew whenever it is asked.

import type { Act, AuditRow, CredentialRow, LimitAdjustment } from '../../gateway/src/storage/administration';
import type {
  Amounts,
  BudgetCounters,
  Entry,
  EntryResult,
  LimitState,
  LimitWindow,
} from '../../gateway/src/storage/entries';
import type { KeyUse, UsageDimension, UsageGroup } from '../../gateway/src/storage/reports';
import type { KeyRow, RequestRow } from '../../gateway/src/storage/rows';
import type { Storage } from '../../gateway/src/storage/storage';
import { rowsPerRead } from '../../gateway/src/storage/reports';
import { isSound } from './soundEntry';

/** One ledger, and the instances that share it. */
export interface MemoryWorld {
  open(instance: string): Storage;
}

interface Open {
  readonly instance: string;
  readonly limits: readonly LimitWindow[];
  readonly request: Extract<Entry, { type: 'reserve' }>['request'];
  readonly input: number;
  output: number;
  nano: number;
}

interface Counters {
  spent: Amounts;
  reserved: Amounts;
}

const most = Number.MAX_SAFE_INTEGER;
const hour = 3_600_000;
const counterNames = { tokens: 'tokens', usd: 'nano', requests: 'requests', parallel: 'requests' } as const;
const amountNames = ['tokens', 'nano', 'requests'] as const;
const none = (): Amounts => ({ tokens: 0, nano: 0, requests: 0 });
const within = (value: number) => Math.min(most, Math.max(0, value));
const tokensOf = ({ input, output }: Open) => within(input + output);
const heldBy = (open: Open): Amounts => ({ tokens: tokensOf(open), nano: open.nano, requests: 1 });
const spentIn = (row: RequestRow): Amounts => ({
  tokens: row.counted,
  nano: row.cost,
  requests: row.kind === 'correction' ? 0 : 1,
});

export function memoryWorld(): MemoryWorld {
  const keys = new Map<string, KeyRow>();
  const open = new Map<string, Open>();
  const booked: RequestRow[] = []; // all rows there ever were, for the sums
  let kept: RequestRow[] = [];
  const rates = new Map<string, string>();
  let clock: { observed: number; ran: number; last: number; confirmed: number | undefined } | undefined;
  const budgets = new Map<string, Counters>();
  const living = new Set<string>();
  const adjustments = new Map<string, LimitAdjustment>();
  const uses = new Map<string, KeyUse>();
  const credentials = new Map<string, CredentialRow>();
  const audit: AuditRow[] = [];
  const done = new Map<string, string>(); // contents of acts, by idempotency key

  const concerns = (limit: LimitWindow, key: string, user: string | null, tags: string) => {
    const { subject } = limit;
    if (subject.kind === 'all') return true;
    if (subject.kind === 'key') return key === subject.name;
    if (subject.kind === 'user') return user === subject.name;
    return (JSON.parse(tags) as string[]).includes(subject.name);
  };
  /** A limit that nothing was booked in begins with what its subject used and holds since the window began. */
  const begin = (limit: LimitWindow): Counters => {
    const spent = none();
    const reserved = none();
    const add = (to: Amounts, amounts: Amounts) => {
      for (const name of amountNames) to[name] += amounts[name];
    };
    if (limit.window % hour === 0 && limit.measure !== 'parallel')
      for (const row of booked)
        if (concerns(limit, row.key, row.user, row.tags) && Math.floor(row.started_at / hour) >= limit.window / hour)
          add(spent, spentIn(row));
    for (const each of open.values()) {
      const { key, user, tags, started_at } = each.request;
      if (!concerns(limit, key, user, tags)) continue;
      const carried = each.limits.some(({ id, window }) => id === limit.id && window === limit.window);
      if (carried) add(reserved, heldBy(each));
      else if (started_at >= limit.window) add(spent, heldBy(each));
    }
    for (const name of amountNames) {
      spent[name] = within(spent[name]);
      reserved[name] = within(reserved[name]);
    }
    return { spent, reserved };
  };
  const nameOf = ({ id, window }: Pick<LimitWindow, 'id' | 'window'>) => `${id} @ ${window}`;
  const look = (limit: LimitWindow) => budgets.get(nameOf(limit)) ?? begin(limit);
  /** A limit begins with the first request that comes under it, admitted or not. */
  const beginAll = (limits: readonly LimitWindow[]) => {
    for (const limit of limits) budgets.set(nameOf(limit), look(limit));
  };
  const change = (limit: LimitWindow, reserved: Amounts, spent: Amounts) => {
    const counters = look(limit);
    budgets.set(nameOf(limit), counters);
    for (const name of amountNames) {
      counters.reserved[name] = within(counters.reserved[name] + reserved[name]);
      counters.spent[name] = within(counters.spent[name] + spent[name]);
    }
  };
  const minus = ({ tokens, nano, requests }: Amounts): Amounts => ({
    tokens: -tokens,
    nano: -nano,
    requests: -requests,
  });
  /** The limit's own amount, or what stands instead of it for a while; and all that was ever added. */
  const amountOf = ({ id, amount }: LimitWindow, now: number) => {
    const { toppedUp = 0, override = null } = adjustments.get(id) ?? {};
    return within((override !== null && override.until > now ? override.amount : amount) + toppedUp);
  };
  const stateOf = (limit: LimitWindow, index: number, now: number): LimitState => {
    const { spent, reserved } = look(limit);
    const name = counterNames[limit.measure];
    // Of requests in flight only those count that are open.
    const ended = limit.measure === 'parallel' ? 0 : spent[name];
    const amount = amountOf(limit, now);
    const left = amount - ended - reserved[name];
    return {
      limit: index,
      spent: ended,
      reserved: reserved[name],
      left,
      ...(amount === limit.amount ? {} : { amount }),
    };
  };
  const book = (row: RequestRow) => {
    booked.push(row);
    kept.push(row);
  };
  /** The end of an open request that nobody can tell the use of: at what it reserved. */
  const crash = (id: string, now: number) => {
    const held = open.get(id)!;
    for (const limit of held.limits) change(limit, minus(heldBy(held)), heldBy(held));
    open.delete(id);
    book({
      ...held.request,
      ...{ id, instance: held.instance, kind: 'crash', corrects: null, session: null, client: null, end_user: null },
      ...{ address: null, app_title: null, wire_out: null, first_byte_at: null, first_token_at: null, ended_at: now },
      ...{ status: 0, outcome: 'crashed', error: null, attempts: '[]', needs: '[]', prefix_hash: null },
      ...{ input: held.input, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, output: held.output, reasoning: 0 },
      ...{ audio: 0, searches: 0, counted: tokensOf(held), raw: tokensOf(held), cost: held.nano, provider_cost: null },
      ...{ rates: '', estimated: 1, dropped: '[]', shadowed: '[]', hash: null },
      ...{ uncached: held.nano, dearest: null, dearest_rates: null, dearest_cost: held.nano },
    });
  };

  const reserve = (instance: string, entry: Extract<Entry, { type: 'reserve' }>, now: number): EntryResult => {
    const before = open.get(entry.id);
    const known = before?.output ?? booked.find(({ id }) => id === entry.id)?.output;
    const without = (limits: readonly LimitWindow[]) => {
      const shadowed = entry.limits.flatMap((limit, i) =>
        limits.some((each) => nameOf(each) === nameOf(limit)) ? [] : [i],
      );
      return shadowed.length === 0 ? {} : { shadowed };
    };
    if (known !== undefined) return { type: 'admitted', output: known, ...without(before?.limits ?? entry.limits) };
    const key = keys.get(entry.key);
    if (key === undefined || key.revoked_at !== null) return { type: 'revoked' };
    const { limits, input, nanoPerInput, nanoPerOutput, nanoBeside = 0 } = entry;
    beginAll(limits);
    const costOf = (output: number) => within(input * nanoPerInput + output * nanoPerOutput + nanoBeside);
    const fits = (output: number, limit: LimitWindow, index: number) => {
      const wanted = { tokens: input + output, usd: costOf(output), requests: 1, parallel: 1 }[limit.measure];
      return { wanted, fits: wanted <= stateOf(limit, index, now).left };
    };
    let output = entry.output ?? entry.defaultOutput;
    if (entry.output === undefined)
      for (const [i, limit] of limits.entries()) {
        const { left } = stateOf(limit, i, now);
        if (limit.shadow === true) continue;
        if (limit.measure === 'tokens') output = Math.min(output, left - input);
        if (limit.measure === 'usd' && nanoPerOutput > 0)
          output = Math.min(output, Math.floor((left - input * nanoPerInput - nanoBeside) / nanoPerOutput));
      }
    if (entry.output === undefined) output = Math.max(1, output);
    for (const [i, limit] of limits.entries()) {
      const { wanted, fits: enough } = fits(output, limit, i);
      if (!enough && limit.shadow !== true) return { type: 'refused', tightest: stateOf(limit, i, now), wanted };
    }
    const bookedIn = limits.filter((limit, i) => fits(output, limit, i).fits);
    const held: Open = { instance, limits: bookedIn, request: entry.request, input, output, nano: costOf(output) };
    for (const limit of bookedIn) change(limit, heldBy(held), none());
    open.set(entry.id, held);
    const minute = entry.request.started_at - (entry.request.started_at % 60_000);
    const { last_used_at: last = 0, old_secret_used_at: old = null } = uses.get(entry.key) ?? {};
    uses.set(entry.key, {
      last_used_at: Math.max(last, minute),
      old_secret_used_at: entry.oldSecret === true ? Math.max(old ?? 0, minute) : old,
    });
    // The tokens limit with the least left; where there is none, that of requests; else that of USD.
    const states = limits
      .map((limit, i) => ({ measure: limit.measure, shadow: limit.shadow, state: stateOf(limit, i, now) }))
      .filter(({ shadow }) => shadow !== true);
    const tightest = (['tokens', 'requests', 'usd'] as const)
      .map((measure) => states.filter((each) => each.measure === measure))
      .find((found) => found.length > 0)
      ?.reduce((least, each) => (each.state.left < least.state.left ? each : least)).state;
    // Those of which three quarters are spent.
    const nearing = states
      .filter(
        ({ measure, state }) => measure !== 'parallel' && state.spent * 4 >= amountOf(limits[state.limit]!, now) * 3,
      )
      .map(({ state }) => state);
    return {
      type: 'admitted',
      output,
      ...(tightest === undefined ? {} : { tightest }),
      ...(nearing.length === 0 ? {} : { nearing }),
      ...without(bookedIn),
      // More than half is left of each, and 64 more of this size fit.
      ...(limits.every((limit, i) => {
        const { left } = stateOf(limit, i, now);
        return left * 2 > amountOf(limit, now) && left >= 64 * fits(output, limit, i).wanted;
      })
        ? { roomy: true as const }
        : {}),
    };
  };

  const extend = (entry: Extract<Entry, { type: 'extend' }>, now: number): EntryResult => {
    const held = open.get(entry.id);
    if (held === undefined) return { type: 'extended', granted: 0 };
    if (held.output !== entry.from) return { type: 'extended', granted: Math.max(0, held.output - entry.from) };
    beginAll(entry.limits);
    let granted = entry.by;
    for (const [i, limit] of entry.limits.entries()) {
      const { left } = stateOf(limit, i, now);
      if (limit.shadow === true) continue;
      if (limit.measure === 'tokens') granted = Math.min(granted, left);
      if (limit.measure === 'usd' && entry.nanoPerOutput > 0)
        granted = Math.min(granted, Math.floor(left / entry.nanoPerOutput));
    }
    granted = Math.max(0, granted);
    if (granted > 0) {
      const more = { tokens: granted, nano: within(granted * entry.nanoPerOutput), requests: 0 };
      for (const limit of entry.limits) change(limit, more, none());
      held.output += granted;
      held.nano += more.nano;
    }
    return { type: 'extended', granted };
  };

  const reprice = (entry: Extract<Entry, { type: 'reprice' }>, now: number): EntryResult => {
    const held = open.get(entry.id);
    if (held === undefined) return { type: 'repriced', fits: false };
    const by = entry.nano - held.nano;
    if (by <= 0) return { type: 'repriced', fits: true };
    beginAll(entry.limits);
    const full = entry.limits.some(
      (limit, i) => limit.measure === 'usd' && limit.shadow !== true && stateOf(limit, i, now).left < by,
    );
    if (full) return { type: 'repriced', fits: false };
    for (const limit of entry.limits) change(limit, { ...none(), nano: by }, none());
    held.nano += by;
    return { type: 'repriced', fits: true };
  };

  const settle = (entry: Extract<Entry, { type: 'settle' }>): EntryResult => {
    const { row, limits: named } = entry;
    rates.set(row.rates, entry.rates);
    if (row.dearest_rates !== null && entry.dearestRates !== undefined)
      rates.set(row.dearest_rates, entry.dearestRates);
    const held = open.get(row.id);
    const isBooked = (limit: LimitWindow) => held?.limits.some((each) => nameOf(each) === nameOf(limit)) === true;
    const limits = named.filter((limit) => held === undefined || limit.shadow !== true || isBooked(limit));
    const before = booked.find(({ id }) => id === row.id);
    if (held !== undefined || before === undefined) {
      for (const limit of limits) change(limit, held === undefined ? none() : minus(heldBy(held)), spentIn(row));
      open.delete(row.id);
      book(row);
    } else if (before.kind === 'crash' && !booked.some(({ corrects }) => corrects === row.id)) {
      const correction = {
        ...row,
        id: `${row.id}.correction`,
        kind: 'correction' as const,
        corrects: row.id,
      };
      for (const name of ['input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning'] as const)
        correction[name] = row[name] - before[name];
      for (const name of ['audio', 'searches', 'counted', 'raw', 'cost', 'uncached', 'dearest_cost'] as const)
        correction[name] = row[name] - before[name];
      for (const limit of limits) change(limit, none(), spentIn(correction));
      book(correction);
    }
    return { type: 'done' };
  };

  const release = (id: string): EntryResult => {
    const held = open.get(id);
    if (held !== undefined) for (const limit of held.limits) change(limit, minus(heldBy(held)), none());
    open.delete(id);
    return { type: 'done' };
  };

  const note = ({ at, credential, address, action, once }: Act, subject: string, change: object | undefined) => {
    if (change === undefined) return;
    audit.push({ at, credential, address, action, subject, change: JSON.stringify(change) });
    if (once !== undefined) done.set(once.idempotencyKey, once.contents);
  };

  return {
    open(instance) {
      living.add(instance);
      let told = '';
      const storage: Storage = {
        async commit(batch, now) {
          const results = new Array<EntryResult>(batch.length);
          const turn = (types: readonly Entry['type'][]) =>
            batch.forEach((entry, i) => {
              if (!types.includes(entry.type)) return;
              if (!isSound(entry)) {
                results[i] = { type: 'failed', cause: '' };
                if (entry.type === 'settle' && open.has(entry.row.id)) crash(entry.row.id, now);
              } else if (entry.type === 'settle') results[i] = settle(entry);
              else if (entry.type === 'release') results[i] = release(entry.id);
              else if (entry.type === 'reserve') results[i] = reserve(instance, structuredClone(entry), now);
              else if (entry.type === 'reprice') results[i] = reprice(entry, now);
              else results[i] = extend(entry, now);
            });
          turn(['settle', 'release']);
          turn(['reserve', 'extend', 'reprice']);
          return results;
        },
        check: () => Promise.resolve(false),
        async settleDead(now) {
          const dead = [...open].filter(([, each]) => !living.has(each.instance)).map(([id]) => id);
          for (const id of dead) crash(id, now);
          return dead.length;
        },
        version: async () => JSON.stringify([[...keys], [...credentials], [...adjustments]]),
        async changedKeys() {
          const rows = sortedKeys(keys);
          if (told === JSON.stringify(rows)) return undefined;
          told = JSON.stringify(rows);
          return rows;
        },
        keyByHash: async (sha256) => [...keys.values()].find((key) => key.sha256 === sha256),
        keyById: async (id) => keys.get(id),
        async putKeys(rows, act) {
          const hashes = new Map([...keys.values()].map((key) => [key.id, key.sha256]));
          for (const { id, sha256 } of rows) {
            if ([...hashes].some(([other, hash]) => other !== id && hash === sha256))
              throw new Error('two keys, one hash');
            hashes.set(id, sha256);
          }
          for (const row of rows) {
            const before = keys.get(row.id);
            const {
              created_at = row.created_at,
              revoked_at = null,
              revoked_generation = null,
            } = keys.get(row.id) ?? {};
            const stays =
              revoked_generation !== null && row.generation !== null && revoked_generation >= row.generation;
            keys.set(row.id, { ...row, created_at, ...(stays ? { revoked_at, revoked_generation } : {}) });
            if (act !== undefined) note(act, row.id, difference(before, keys.get(row.id)!));
          }
        },
        async changeKey(id, change, { limits = [], act } = {}) {
          const row = keys.get(id);
          if (row === undefined || done.has(act?.once?.idempotencyKey ?? '')) return row;
          keys.set(id, { ...row, ...change });
          const were = limits.map((each) => [each.id, adjustments.get(each.id) ?? untouched] as const);
          for (const each of limits) {
            const { toppedUp, override } = adjustments.get(each.id) ?? untouched;
            const next = each.override === undefined ? override : each.override;
            adjustments.set(each.id, { toppedUp: within(toppedUp + (each.topUp ?? 0)), override: next });
          }
          if (act !== undefined) {
            const { before = {}, after = {} } = difference(row, keys.get(id)!) ?? {};
            const changed = limits.map((each) => [each.id, adjustments.get(each.id)!] as const);
            const with_ = (fields: object | null, all: readonly (readonly [string, LimitAdjustment])[]) =>
              limits.length === 0 ? fields : { ...fields, limits_changed: Object.fromEntries(all) };
            if (limits.length > 0 || Object.keys(after).length > 0 || act.once !== undefined)
              note(act, id, { before: with_(before, were), after: with_(after, changed) });
          }
          return keys.get(id);
        },
        contentsOfAct: async (idempotencyKey) => done.get(idempotencyKey),
        credentials: async () => [...credentials.values()],
        credentialByHash: async (sha256) => [...credentials.values()].find((each) => each.sha256 === sha256),
        async putCredential(row, act) {
          const before = credentials.get(row.id);
          credentials.set(row.id, row);
          note(act, row.id, difference(before, row));
        },
        async observeClock(now, ran) {
          if (clock === undefined || now < clock.last - 600_000) {
            const confirmed = (clock?.confirmed ?? Infinity) <= now ? clock?.confirmed : undefined;
            clock = { observed: now, ran: 0, last: now, confirmed };
          } else {
            clock.ran += Math.max(0, Math.min(ran, now - clock.last));
            clock.last = Math.max(clock.last, now);
            if (clock.ran >= 86_400_000) clock = { ...clock, observed: now, ran: 0, confirmed: clock.observed };
          }
          return clock.confirmed;
        },
        async prune(before, count) {
          const old = kept.filter((row) => row.started_at < before).sort((a, b) => a.started_at - b.started_at);
          const gone = old.slice(0, count);
          kept = kept.filter((row) => !gone.includes(row));
          return gone.length;
        },
        sumDays: async () => false,
        catchUp: async () => undefined,
        head: async () => undefined,
        forgetUser: async (user) => ({ done: user, open: 0 }),
        async pruneBudgets(now, count) {
          const day = 24 * hour;
          const old = [...budgets.keys()].filter((name) => {
            const window = Number(name.split(' @ ')[1]);
            return window > 0 && window < now - (window % hour === 0 ? 62 * day : day);
          });
          for (const name of old.slice(0, count)) budgets.delete(name);
          return Math.min(count, old.length);
        },
        rates: async (ids) => new Map([...rates].filter(([id]) => ids.includes(id))),
        requestById: async (id) => kept.find((row) => row.id === id),
        async requests(filter, before, count) {
          const placed = kept
            .map((row) => ({ row, seq: booked.indexOf(row) + 1 }))
            .filter(({ seq }) => seq < (before ?? most));
          const first = Math.min(
            ...kept.filter(({ started_at: at }) => at >= (filter.from ?? 0)).map((row) => booked.indexOf(row) + 1),
          );
          if (filter.from !== undefined) placed.splice(0, placed.length, ...placed.filter(({ seq }) => seq >= first));
          const seen = placed.slice(-rowsPerRead).reverse();
          const { from = 0, to = most, shadowed, ...equal } = filter;
          const found = seen.filter(
            ({ row }) =>
              row.started_at >= from &&
              row.started_at < to &&
              (shadowed === undefined || row.shadowed !== '[]') &&
              Object.entries(equal).every(([name, value]) => row[name as keyof typeof equal] === value),
          );
          const rows = found.slice(0, count);
          const last =
            rows.length === count ? rows.at(-1)?.seq : placed.length > rowsPerRead ? seen.at(-1)?.seq : undefined;
          const reached = filter.from !== undefined && last === first ? undefined : last;
          return { rows: rows.map(({ row }) => row), reached };
        },
        async usage({ groupBy, from, to, key, user, session, exact }) {
          const fromRows =
            exact === true || session !== undefined || groupBy.includes('session') || groupBy.includes('address');
          const groups = new Map<string, UsageGroup>();
          const isIn = (at: number) =>
            fromRows
              ? at >= from && at < to
              : Math.floor(at / hour) >= Math.floor(from / hour) && Math.floor(at / hour) < Math.ceil(to / hour);
          if (groupBy.length === 0) groups.set('[]', emptyGroup());
          for (const row of fromRows ? kept : booked) {
            if (!isIn(row.started_at)) continue;
            if ((key ?? row.key) !== row.key || (user ?? row.user) !== row.user) continue;
            if ((session ?? row.session) !== row.session) continue;
            const tags = groupBy.includes('tag') ? (JSON.parse(row.tags) as string[]) : [''];
            for (const tag of tags.length === 0 ? [''] : tags) {
              const names = groupBy.map((name) => [name, nameIn(row, name, tag)] as const);
              const id = JSON.stringify(names);
              const group = groups.get(id) ?? { ...emptyGroup(), ...Object.fromEntries(names) };
              groups.set(id, group);
              addRow(group, row);
            }
          }
          return [...groups.values()];
        },
        async usageOfKeys(from, to) {
          const sums = new Map<
            string,
            { requests: number; counted: number; raw: number; cost: number; reserved: number }
          >();
          const sumOf = (key: string) => {
            const sum = sums.get(key) ?? { requests: 0, counted: 0, raw: 0, cost: 0, reserved: 0 };
            sums.set(key, sum);
            return sum;
          };
          for (const row of booked) {
            const at = Math.floor(row.started_at / hour);
            if (at < Math.floor(from / hour) || at >= Math.ceil(to / hour)) continue;
            const sum = sumOf(row.key);
            sum.requests += spentIn(row).requests;
            for (const name of ['counted', 'raw', 'cost'] as const) sum[name] = Math.min(most, sum[name] + row[name]);
          }
          for (const each of open.values()) sumOf(each.request.key).reserved += tokensOf(each);
          return sums;
        },
        budgets: async (limits) =>
          structuredClone(
            limits.map((limit): BudgetCounters => {
              const adjustment = adjustments.get(limit.id);
              return { ...look(limit), ...(adjustment === undefined ? {} : { adjustment }) };
            }),
          ),
        usesOfKeys: async () => new Map(uses),
        async audit(subject, before, count) {
          const end = Math.min(audit.length, (before ?? most) - 1);
          const found = audit
            .slice(0, end)
            .map((row, i) => ({ row, seq: i + 1 }))
            .filter(({ row }) => subject === undefined || row.subject === subject)
            .slice(-count)
            .reverse();
          return { rows: found.map(({ row }) => row), reached: found.length === count ? found.at(-1)?.seq : undefined };
        },
        async close() {
          living.delete(instance);
        },
      };
      return untilClosed(storage);
    },
  };
}

// ---

/** The same storage, that answers nothing once it is closed. */
function untilClosed(storage: Storage): Storage {
  let closed = false;
  const refuse = async () => {
    throw new Error('the storage is closed');
  };
  return new Proxy(storage, {
    get(target, name, receiver) {
      if (closed) return refuse;
      if (name === 'close') closed = true;
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
}

const untouched: LimitAdjustment = { toppedUp: 0, override: null };
const secret = ['id', 'sha256', 'previous_sha256', 'created_at'];

/** The fields that differ, but for hashes; undefined where none does. */
function difference(before: object | undefined, after: object): { before: object | null; after: object } | undefined {
  const old: Record<string, unknown> = { ...before };
  const fields = Object.entries(after).filter(
    ([name, value]) => !secret.includes(name) && value !== (old[name] ?? null),
  );
  if (fields.length === 0) return undefined;
  const were = Object.fromEntries(fields.map(([name]) => [name, old[name]]));
  return { before: before === undefined ? null : were, after: Object.fromEntries(fields) };
}

function sortedKeys(keys: ReadonlyMap<string, KeyRow>): KeyRow[] {
  return [...keys.values()].sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
}

const emptyGroup = (): UsageGroup => ({
  requests: 0, errors: 0, input: 0, cache_read: 0, cache_write: 0, output: 0, reasoning: 0, searches: 0, counted: 0, raw: 0,
  cost: 0, uncached: 0, dearest_cost: 0,
}); // prettier-ignore

function nameIn(row: RequestRow, dimension: UsageDimension, tag: string): string {
  const iso = new Date(row.started_at).toISOString();
  if (dimension === 'tag') return tag;
  if (dimension === 'hour') return `${iso.slice(0, 13)}:00:00Z`;
  if (dimension === 'day') return iso.slice(0, 10);
  if (dimension === 'month') return iso.slice(0, 7);
  return row[dimension] ?? '';
}

function addRow(group: UsageGroup, row: RequestRow): void {
  const counts = row.kind === 'correction' ? 0 : 1;
  const failed = counts === 1 && row.outcome !== 'ok' && row.outcome !== 'client_gone';
  const more = {
    requests: counts, errors: failed ? 1 : 0, input: row.input, cache_read: row.cache_read,
    cache_write: row.cache_write_5m + row.cache_write_1h, output: row.output, reasoning: row.reasoning, searches: row.searches,
    counted: row.counted, raw: row.raw, cost: row.cost, uncached: row.uncached, dearest_cost: row.dearest_cost,
  }; // prettier-ignore
  for (const [name, amount] of Object.entries(more) as [keyof typeof more, number][])
    group[name] = Math.max(-most, Math.min(most, group[name] + amount));
}
