// Every numeric limit in one table: its default, the range an operator may set, and the reason for the default.

/** One bound: its default, and the range it may be set to, both in `unit`. */
export interface Limit {
  /** The default. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly unit: 'bytes' | 'ms' | 'count' | 'levels' | 'nodes';
  /** What it bounds and why the default is as it is; a sentence of the documentation. */
  readonly why: string;
}

const KiB = 1024;
const MiB = 1024 * KiB;
const minute = 60_000;

/** Name → bound; the names are those of the setting `limits`. */
export const limitTable = {
  body_bytes: {
    value: 32 * MiB,
    min: KiB,
    max: 256 * MiB,
    unit: 'bytes',
    why: "One request body, unpacked; Anthropic's own limit is 32 MB.",
  },
  unpack_ratio: {
    value: 200,
    min: 2,
    max: 100_000,
    unit: 'count',
    why: 'Times its size that a compressed body above 1 MiB may unpack to; prompts unpack to five or ten times theirs, what is made to fill memory to a thousand.',
  },
  bodies_in_memory_bytes: {
    value: 64 * MiB,
    min: MiB,
    max: 4096 * MiB,
    unit: 'bytes',
    why: 'All request bodies, all whole answers on their way to another wire, and what streams hold of large events, held at once; keeps a 1 GB box alive under a burst of large prompts. A key may hold half of what others do not.',
  },
  json_depth: {
    value: 64,
    min: 8,
    max: 512,
    unit: 'levels',
    why: 'Nesting of a request body; recursive code fails on thousands of levels, real prompts need about a dozen.',
  },
  json_nodes: {
    value: 200_000,
    min: 1_000,
    max: 5_000_000,
    unit: 'nodes',
    why: 'Values in a request body; 8 MB of empty objects would cost 0.4 s and 285 MB to parse.',
  },
  header_bytes: {
    value: 32 * KiB,
    min: 8 * KiB,
    max: 256 * KiB,
    unit: 'bytes',
    why: 'All request headers together; Claude Code sends long beta lists.',
  },
  answer_bytes: {
    value: 64 * MiB,
    min: MiB,
    max: 512 * MiB,
    unit: 'bytes',
    why: 'One whole answer that is translated; batches of embeddings are the largest. On the same wire a large one is passed on as it comes.',
  },
  error_body_bytes: {
    value: 256 * KiB,
    min: KiB,
    max: 16 * MiB,
    unit: 'bytes',
    why: "A provider's error answer; anything larger is not an API error.",
  },
  event_bytes: {
    value: 16 * MiB,
    min: 64 * KiB,
    max: 128 * MiB,
    unit: 'bytes',
    why: 'One server-sent event; images arrive as a single event.',
  },
  in_flight: {
    value: 1_500,
    min: 1,
    max: 100_000,
    unit: 'count',
    why: 'Requests at once; about 160 KB each over TLS fits 384 MB.',
  },
  in_flight_per_key: {
    value: 600,
    min: 1,
    max: 100_000,
    unit: 'count',
    why: 'Requests at once of one key, so that one app cannot take every place.',
  },
  connections: {
    value: 4_096,
    min: 16,
    max: 1_000_000,
    unit: 'count',
    why: 'Open client connections.',
  },
  upstream_connections: {
    value: 1_024,
    min: 1,
    max: 65_535,
    unit: 'count',
    why: 'Open connections to one provider; each HTTP/1.1 stream holds one.',
  },
  attempts: {
    value: 3,
    min: 1,
    max: 10,
    unit: 'count',
    why: 'Targets tried for one request, before the first byte of an answer.',
  },
  headers_ms: {
    value: 10_000,
    min: 1_000,
    max: 5 * minute,
    unit: 'ms',
    why: 'Time a client has to send its headers.',
  },
  body_ms: {
    value: minute,
    min: 1_000,
    max: 30 * minute,
    unit: 'ms',
    why: 'Time a client has to send its headers and body.',
  },
  connect_ms: {
    value: 5_000,
    min: 100,
    max: minute,
    unit: 'ms',
    why: 'Time to connect to a provider, TLS included.',
  },
  first_byte_ms: {
    value: 5 * minute,
    min: 1_000,
    max: 60 * minute,
    unit: 'ms',
    why: "Time until a provider's answer begins; a long answer that is not streamed begins at its end.",
  },
  silence_ms: {
    value: 5 * minute,
    min: 1_000,
    max: 60 * minute,
    unit: 'ms',
    why: 'Silence inside an answer; clients give up at the same age.',
  },
  preamble_ms: {
    value: 10_000,
    min: 100,
    max: 5 * minute,
    unit: 'ms',
    why: "Time from a provider's 200 to its first content in which another target of the route may still answer.",
  },
  end_ms: {
    value: 5_000,
    min: 100,
    max: 5 * minute,
    unit: 'ms',
    why: 'Time a stream may stay open after its last content without its end word; usage may come in it.',
  },
  reader_stall_ms: {
    value: 2 * minute,
    min: 1_000,
    max: 60 * minute,
    unit: 'ms',
    why: 'Time a client may stop reading its stream before it is cut.',
  },
  reasoning_cache_bytes: {
    value: 16 * 1024 * 1024,
    min: 0,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    why: 'Signed or encrypted reasoning kept in memory for clients that drop it between the turns of a tool loop.',
  },
  keep_alive_ms: {
    value: 15_000,
    min: 100,
    max: 5 * minute,
    unit: 'ms',
    why: 'Silence on a translated stream after which the client is told that it is alive.',
  },
  drain_ms: {
    value: 25_000,
    min: 0,
    max: 60 * minute,
    unit: 'ms',
    why: 'Time requests have to end after SIGTERM; Docker kills at stop_grace_period (30 s in the files we render).',
  },
} as const satisfies Record<string, Limit>;

/** The name of a bound. */
export type LimitName = keyof typeof limitTable;
/** Name → the value that holds, in the unit `limitTable` names. */
export type Limits = Readonly<Record<LimitName, number>>;

/** All names, in the order of the table. */
export const limitNames = Object.keys(limitTable) as LimitName[];

/** The values that hold where nothing is set. */
export const defaultLimits: Limits = Object.fromEntries(
  limitNames.map((name) => [name, limitTable[name].value]),
) as unknown as Limits;
