// What the cloud does wrong when it is told to: refusals, answers that get lost, engines that die after a call.
import type { Socket } from 'node:net';
import * as z from 'zod';
import { killCaller } from './caller';
import { statusOf, type Code } from './refusal';
import { read, type Answer } from './request';

/** What the next matching request gets instead of its answer. */
export interface Fault {
  code: Code | (string & {});
  message: string;
  /** The code's own status by default. */
  status?: number | undefined;
  details?: unknown;
  /** How often; once by default. */
  times?: number | undefined;
}

/** What happens once a matching request was carried out: its answer is lost, or the engine that asked is killed. */
export type Loss = 'lose' | 'kill';

/** The faults that are set, and how they are set. */
export interface Faults {
  /** Makes the next request that matches (`POST /servers`, `DELETE /servers/*`) fail. */
  next(pattern: string, fault: Fault): void;
  /** Makes the next request that matches succeed without an answer. */
  after(pattern: string, loss: Loss): void;
  /** The refusal that is due for a request line such as `POST /servers`, taken off the list. */
  refusal(line: string): Answer | undefined;
  /** The loss that is due for a request line, taken off the list. */
  loss(line: string): Loss | undefined;
  /** Sets a fault from the body of a `POST /_lab/faults`: `{on, refuse: {…}}`, or `{on, after: "lose" | "kill"}`. */
  set(body: unknown): void;
}

/** No faults yet. */
export function noFaults(): Faults {
  const due: Due[] = [];
  const take = (line: string, wanted: (entry: Due) => boolean): Due | undefined => {
    const entry = due.find((one) => one.left > 0 && wanted(one) && one.pattern.test(line));
    if (entry !== undefined) entry.left -= 1;
    return entry;
  };
  const next: Faults['next'] = (pattern, fault) =>
    void due.push({ pattern: matcher(pattern), left: fault.times ?? 1, fault });
  const after: Faults['after'] = (pattern, loss) => void due.push({ pattern: matcher(pattern), left: 1, loss });
  return {
    next,
    after,
    refusal: (line) => {
      const fault = take(line, (entry) => entry.fault !== undefined)?.fault;
      if (fault === undefined) return undefined;
      const { code, message, details = null } = fault;
      return { status: fault.status ?? statusOf[code as Code] ?? 422, body: { error: { code, message, details } } };
    },
    loss: (line) => take(line, (entry) => entry.loss !== undefined)?.loss,
    set: (body) => {
      const wanted = read(order, body);
      if (wanted.after !== undefined) return after(wanted.on, wanted.after);
      next(wanted.on, wanted.refuse);
    },
  };
}

/** Carries a loss out on the connection of the request. */
export async function lose(loss: Loss, socket: Pick<Socket, 'remotePort' | 'localPort' | 'destroy'>): Promise<void> {
  const { remotePort, localPort } = socket;
  if (loss === 'kill' && remotePort !== undefined && localPort !== undefined) await killCaller(remotePort, localPort);
  socket.destroy();
}

/** A pattern of request lines as a regular expression: `*` stands for one part of the path. */
export function matcher(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '([^/]+)')}$`);
}

// ---

interface Due {
  pattern: RegExp;
  left: number;
  fault?: Fault;
  loss?: Loss;
}

const refuse = z.strictObject({
  code: z.string(),
  message: z.string(),
  status: z.int().min(400).max(599).optional(),
  times: z.int().min(1).optional(),
});
const order = z.union([
  z.strictObject({ on: z.string(), after: z.enum(['lose', 'kill']) }),
  z.strictObject({ on: z.string(), refuse, after: z.undefined().optional() }),
]);
