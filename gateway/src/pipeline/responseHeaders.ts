// The headers of our own on every answer, and what else relaying needs to know.

import type { Reservation } from '../accounting/ledger';
import { rateLimitHeaders, warningHeaders } from '../accounting/limitHeaders';
import { type OwnHeaders, ownHeaders } from '../upstream/headers';
import { keyCleanerOf } from '../upstream/ownKeys';
import { outputByDefault } from './admit';
import type { AnswerTurn } from './answerTurn';
import type { Answered, Exchange } from './context';
import { costOfAnswer } from './outcome';
import { expectedCost } from './plan';
import type { ResponseContext } from './responseContext';
import type { ResponseProgress } from './responseProgress';

/** What relaying an answer needs to know of the request. */
export function responseContext<T>(
  exchange: Exchange,
  answered: Answered<T>,
  reservation: Reservation,
  turn: AnswerTurn,
  progress: ResponseProgress,
): ResponseContext {
  const { services, config, incoming, facts, client } = exchange;
  progress.dropped = answered.dropped;
  progress.repaired = repairedOf(answered);
  return {
    raw: incoming.raw,
    client,
    turn,
    format: incoming.format,
    stream: facts.stream,
    asList: facts.asList,
    dialect: incoming.dialect,
    requestId: incoming.id,
    headers: responseHeaders(exchange, answered, reservation, progress.attempts.length),
    cost: (ended) => costOfAnswer(exchange, ended),
    created: Math.floor(incoming.startedAt / 1_000),
    answers: facts.needs.answers,
    includeUsage: facts.includeUsage,
    inputEstimate: facts.needs.input,
    scan: facts.scan,
    remember: services.reasoningCache.rememberFor(incoming.key.id),
    bodyWorker: services.bodyWorker,
    owner: incoming.key.id,
    memory: incoming.memory,
    ownKeys: keyCleanerOf(config),
    limits: config.limits,
    reservation,
    extendBy: outputByDefault(exchange),
    now: services.now,
  };
}

/** Text as a header can carry it: ASCII, at most 300 characters, the rest escaped. */
export function headerText(text: string): string {
  if (text.length <= 300 && !unprintable.test(text)) return text;
  return text
    .slice(0, 300)
    .replace(/[^\x20-\x7e]/g, (character) => encodeURIComponent(character.isWellFormed() ? character : '?'));
}

// ---

const unprintable = /[^\x20-\x7e]/;
const longestDropped = 2_000;

function responseHeaders<T>(
  exchange: Exchange,
  answered: Answered<T>,
  { headroom, warning }: Reservation,
  attempts: number,
): OwnHeaders {
  const { incoming, plan } = exchange;
  const list = ['x-request-id', incoming.id, 'x-ovth-route', describeRoute(exchange, answered, attempts)];
  if (answered.dropped.length > 0)
    list.push('x-ovth-dropped', answered.dropped.map(headerText).join(', ').slice(0, longestDropped));
  const repaired = repairedOf(answered);
  if (repaired.length > 0) list.push('x-ovth-repaired', repaired.join(', '));
  if (incoming.oldKeyUntil !== undefined) list.push('x-ovth-old-key', new Date(incoming.oldKeyUntil).toISOString());
  if (plan.warning !== undefined) list.push('x-ovth-warning', headerText(plan.warning));
  if (headroom !== undefined) list.push(...rateLimitHeaders(headroom, incoming.startedAt, incoming.dialect));
  if (warning === undefined) return ownHeaders(list);
  for (const [name, text] of Object.entries(warningHeaders(warning, incoming.dialect)))
    list.push(name, headerText(text));
  return ownHeaders(list);
}

const nothing: readonly string[] = [];

function repairedOf<T>(answered: Answered<T>): readonly string[] {
  return (answered.kind === 'translated' ? answered.repaired : undefined) ?? nothing;
}

// `auto -> google/gemini…; strategy=cheapest-capable; candidates=9; attempt=1; expected_usd=0.000213`.
function describeRoute<T>({ plan, facts, day }: Exchange, { target }: Answered<T>, attempts: number): string {
  const price = (expectedCost(target, facts.needs, day) / 1e9).toFixed(6);
  const { stepped } = plan;
  const step = stepped === undefined ? '' : `; via=${stepped.route}; budget_used=${stepped.from}%`;
  const unknown = target.priced === 'unknown' ? ' (price unknown: conservative tier)' : '';
  return `${headerText(plan.requested)} -> ${headerText(target.label)}; strategy=${plan.strategy}; candidates=${plan.targets.length}; attempt=${attempts}; expected_usd=${price}${unknown}${step}`;
}
