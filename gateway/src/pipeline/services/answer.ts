// A model's answer to a conversation: the client's own bytes where the target speaks its format, else a translation.

import type { ChatRefusal } from '../../../../config/catalogue';
import type { Provider } from '../../../../config/load';
import type { Target } from '../../../../config/target';
import { largeBodyBytes, workBytes } from '../../core/bodySize';
import { GatewayError } from '../../core/errors';
import { field } from '../../core/jsonScan';
import { mediaType, toUpstream } from '../../upstream/headers';
import { chatRefusalIn, isAboutPath, isOfOlderMaximum } from '../../upstream/providerErrors';
import { authorize, isAtOpenai, isOpenai, upstreamUrl } from '../../upstream/providers';
import { codecs, speaks } from '../../wire';
import { declaresUnshownMedia } from '../../wire/declaredMedia';
import { formatFacts } from '../../wire/formats';
import { effortOf } from '../../wire/reasoning/effort';
import { hasPlainImages, needsPlainTurns } from '../../wire/sanitizePassthrough';
import { isOpenaiReasoner } from '../../wire/shared/modelProfiles';
import type { TranslatedRequest } from '../../wire/translateRequest';
import type { AnswerTranslation, Rewording } from '../answerTranslation';
import { asBuffer } from '../bodyWorker';
import type { Answered, Candidate, Exchange, Passthrough, ProviderRefusal, Service, Translated } from '../context';
import { inspect } from '../inspect';
import { hasOlderMaximum, mendedFields, namesOf, ownBody, searchesLost } from '../ownBody';
import { isChosen, type Plan } from '../plan';
import { relayStream } from '../relayStream';
import { relayError, relayWhole } from '../relayWhole';
import type { ResponseContext } from '../responseContext';
import type { ResponseProgress } from '../responseProgress';

export const answerService: Service<AnswerTranslation> = {
  booked: true,
  inspect: (incoming, limits) => inspect(incoming.format, incoming.body, limits, incoming.pathModel),
  prepare,
  reword,
  relay,
};

// ---

/** @throws GatewayError cannot_translate, bad_json, bad_request */
function prepare(
  exchange: Exchange,
  target: Target,
  provider: Provider,
): Candidate<AnswerTranslation> | Promise<Candidate<AnswerTranslation>> {
  const { facts, services } = exchange;
  const { format } = exchange.incoming;
  const foreign = isOpenai(provider) && facts.hasRouterFields;
  // Who names a provider's own model knows what it takes; a route's name, or another spelling, says nothing of it.
  const chosen = isChosen(exchange.plan, target);
  const chatOnly = isChatOnly(exchange, provider);
  const learnt = services.modelRefusals.of(provider, target.model, services.now());
  const refused = isRefused(exchange, target, provider, { chosen, learnt: learnt.chat });
  if (!facts.passable || foreign || refused || !speaks(provider, format, chatOnly))
    return translated(exchange, target, provider);
  // Encoded anew, the media are left out and named, or refused by name.
  if (chosen && showsRefusedMedia(exchange, target)) return translated(exchange, target, provider);
  const hideUsage = formatFacts[format].usageOnRequest && facts.stream && !facts.includeUsage && provider.streamUsage;
  const mended = chosen ? mendedFields(exchange, target) : [];
  const noSearch = exchange.plan.route === null ? [] : searchesLost(exchange, target);
  const dropped = [...namesOf(mended), ...noSearch];
  refuseIfStrict(exchange.plan, target, dropped);
  const newerMaximum = learnt.olderMaximum === true || (chosen && isOpenaiReasoner(target));
  const olderMaximum = !newerMaximum && hasOlderMaximum(facts);
  const body = ownBody(exchange, target, { asksUsage: hideUsage, newerMaximum, mended });
  const plainTurns = chosen && needsPlainTurns(format, target, body);
  const plainImages = chosen && facts.needs.capabilities.includes('images') && hasPlainImages(format, body);
  const details = { hideUsage, olderMaximum, dropped };
  if (!facts.hasEnvelopes && !plainTurns && !plainImages && noSearch.length === 0)
    return passthrough(exchange, target, provider, body, details);
  const cleaned = services.bodyWorker.run(
    exchange.incoming.key.id,
    'sanitizePassthrough',
    {
      format,
      body,
      envelopes: facts.hasEnvelopes || plainTurns,
      plainTurns,
      plainImages,
      noSearch: noSearch.length > 0,
    },
    workBytes(body.length, facts.scan.values),
  );
  return then(cleaned, (bytes) => passthrough(exchange, target, provider, asBuffer(bytes), details));
}

function showsRefusedMedia({ incoming, facts }: Exchange, target: Target): boolean {
  const shows = facts.needs.capabilities.some((name) => name === 'images' || name === 'pdf');
  return shows && declaresUnshownMedia(facts.format, target, incoming.body);
}

/** @throws GatewayError cannot_translate */
function refuseIfStrict(plan: Plan, target: Target, dropped: readonly string[]): void {
  if (!plan.strict || dropped.length === 0) return;
  throw new GatewayError('cannot_translate', {
    ...(dropped[0] === undefined ? {} : { field: dropped[0] }),
    message: `Route "${plan.requested}" is strict, and ${target.label} cannot carry: ${dropped.join(', ')}.`,
  });
}

// Whether its provider is known to refuse the request as it stands, and to take it in another format of its own: by the
// catalogue where the gateway chose the model, and by an earlier refusal of it.
function isRefused(
  { incoming, facts }: Exchange,
  target: Target,
  provider: Provider,
  { chosen, learnt }: { chosen: boolean; learnt: ChatRefusal | undefined },
): boolean {
  const { capabilities } = facts.needs;
  if (!provider.responses) return false;
  const { refused, refusedAs } = formatFacts[incoming.format].passthrough;
  const setting = (name: string) => field(incoming.body, facts.scan, name);
  if (learnt !== undefined && refusedAs?.(learnt, capabilities, setting) === true) return true;
  const mayBe = target.row?.chat_refuses !== undefined || capabilities.includes('web_search');
  return chosen && mayBe && refused?.(target, capabilities, setting) === true;
}

function passthrough(
  { incoming, facts, plan }: Exchange,
  target: Target,
  provider: Provider,
  body: Buffer,
  details: Pick<Passthrough, 'hideUsage' | 'olderMaximum' | 'dropped'>,
): Passthrough | Promise<Passthrough> {
  const mode = facts.asList ? 'list' : facts.stream ? 'events' : 'whole';
  const [account] = provider.accounts;
  const url = upstreamUrl(provider, incoming.format, target.model, mode);
  return then(authorize(provider, account, toUpstream(incoming.headers)), (headers) => ({
    kind: 'passthrough',
    target,
    account,
    ...details,
    request: { url, headers, body },
    format: incoming.format,
    // A route may have sent earlier turns to another model. And a model may be one for the provider's other format only.
    ...(provider.responses
      ? { rewordAfter: missingOrBad }
      : plan.targets.length > 1 || details.olderMaximum === true
        ? { rewordAfter: badRequest }
        : {}),
  }));
}

function translated(
  exchange: Exchange,
  target: Target,
  provider: Provider,
  words: Rewording = asAsked,
): Translated<AnswerTranslation> | Promise<Translated<AnswerTranslation>> {
  const { facts, services, incoming } = exchange;
  const { wire, responses } = provider;
  const task = {
    from: facts.format,
    body: incoming.body,
    stream: facts.stream,
    provider: { wire, responses },
    learnt: {
      chatOnly: isChatOnly(exchange, provider),
      chatRefused: words.chatRefused,
      chatRefusal: services.modelRefusals.of(provider, target.model, services.now()).chat,
    },
    target,
    withoutOpaqueReasoning: words.withoutOpaqueReasoning,
    withoutSummary: services.hosts.lacks('summaries', provider.baseUrl, provider.accounts[0].name, services.now()),
  };
  const lookup = services.reasoningCache.of(incoming.key.id);
  const work = workBytes(incoming.body.length, facts.scan.values);
  const translating = services.bodyWorker.run(incoming.key.id, 'translateRequest', task, work, lookup);
  return then(translating, (made) => {
    // What it has grown by is held beside the client's own body. It is the earlier turns mostly, that a small one names.
    const growth = made.body.length - incoming.body.length;
    if (growth > largeBodyBytes) incoming.memory.takeOnce(growth);
    return translatedCandidate(exchange, target, provider, made, words);
  });
}

const asAsked: Rewording = { withoutOpaqueReasoning: false, chatRefused: false };

function translatedCandidate(
  { facts, plan }: Exchange,
  target: Target,
  provider: Provider,
  { spoken, body, dropped, repaired, fixups, hasOpaqueReasoning, asksForSummary, request }: TranslatedRequest,
  words: Rewording,
): Translated<AnswerTranslation> | Promise<Translated<AnswerTranslation>> {
  refuseIfStrict(plan, target, dropped);
  const guessed = codecs[spoken].optionalOnHosts && facts.format !== spoken; // the client did not ask for Responses
  const otherwise = guessed || (provider.responses && formatFacts[spoken].passthrough.refused !== undefined);
  const after = otherwise ? missingOrBad : hasOpaqueReasoning || asksForSummary ? badRequest : undefined;
  const [account] = provider.accounts;
  const url = upstreamUrl(provider, spoken, target.model, facts.stream ? 'events' : 'whole');
  const accept = ['accept', facts.stream ? 'text/event-stream' : 'application/json'];
  return then(authorize(provider, account, accept), (headers) => ({
    kind: 'translated',
    target,
    account,
    dropped,
    repaired,
    asksForSummary,
    request: { url, headers, body: asBuffer(body) },
    format: spoken,
    ...(after === undefined ? {} : { rewordAfter: after }),
    translation: { fixups, request, hasOpaqueReasoning, words },
  }));
}

const badRequest: ReadonlySet<number> = new Set([400]);
const missingOrBad: ReadonlySet<number> = new Set([400, 404, 405, 501]);

// What providers say of opaque reasoning they will not open: Anthropic of a `thinking` block, OpenAI of an encrypted item,
// Gemini of a thought signature.
const blamesReasoning =
  /signature`? in `?thinking|thinking`? blocks?[^"]{0,80}cannot be modified|invalid_encrypted_content|encrypted content[^"]{0,200}could not be|(?:corrupted )?thought signature(?: is not valid|\.)/i;

// "Your organization must be verified to generate reasoning summaries", with `"param":"reasoning.summary"`. Source:
// https://github.com/BerriAI/litellm/issues/16032 (2026-11).
const blamesSummary = /verified to generate reasoning summar|"reasoning\.summary"/i;

// A host that calls itself OpenAI and has no Responses gets the same request as chat, and so from now on. What OpenAI refuses
// of a model and names the other way for is put that way, and the next such request at once: by Responses, or with the newer
// name of the maximum. That holds for models named exactly too, whose bytes are tried first. A conversation whose opaque
// reasoning is refused would be stuck for good: it is sent once more, without; and so is a request for the summary of
// reasoning, which was asked for here and not by the client. Who named one model on its own wire is told that, as it is no
// doing of ours.
function reword(
  exchange: Exchange,
  candidate: Candidate<AnswerTranslation>,
  { status, body }: ProviderRefusal,
): Candidate<AnswerTranslation> | undefined | Promise<Candidate<AnswerTranslation> | undefined> {
  const { config, services } = exchange;
  const { target } = candidate;
  const provider = config.providers.get(target.provider);
  if (provider === undefined) return undefined;
  const words = candidate.kind === 'translated' ? candidate.translation.words : asAsked;
  if (isAboutPath(status, body)) {
    if (candidate.kind !== 'translated' || !codecs[candidate.format].optionalOnHosts) return undefined;
    if (isAtOpenai(provider)) return undefined;
    services.hosts.setLacks('responses', provider.baseUrl, candidate.account.name, services.now());
    return translated(exchange, target, provider, words);
  }
  const refusal = words.chatRefused ? undefined : chatRefusalIn(status, body);
  if (refusal !== undefined && mayBeRefused(exchange, candidate, provider)) {
    const chat = refusal === 'all' || namesEffort(exchange, candidate) ? refusal : 'tools';
    services.modelRefusals.add(provider, target.model, { chat }, services.now());
    return translated(exchange, target, provider, { ...words, chatRefused: true });
  }
  if (status !== 400) return undefined;
  // OpenAI's own refusal alone: another host's reaches the client as it is.
  const olderMaximum = candidate.kind === 'passthrough' && candidate.olderMaximum === true;
  if (olderMaximum && isOpenai(provider) && isOfOlderMaximum(body)) {
    services.modelRefusals.add(provider, target.model, { olderMaximum: true }, services.now());
    return prepare(exchange, target, provider);
  }
  const said = body.toString('utf8', 0, 8_192);
  if (candidate.kind === 'translated' && candidate.asksForSummary && blamesSummary.test(said)) {
    services.hosts.setLacks('summaries', provider.baseUrl, candidate.account.name, services.now());
    return translated(exchange, target, provider, words);
  }
  const mayHold =
    candidate.kind === 'translated' ? candidate.translation.hasOpaqueReasoning : exchange.plan.targets.length > 1;
  return mayHold && !words.withoutOpaqueReasoning && blamesReasoning.test(said)
    ? translated(exchange, target, provider, { ...words, withoutOpaqueReasoning: true })
    : undefined;
}

function namesEffort({ incoming, facts }: Exchange, candidate: Candidate<AnswerTranslation>): boolean {
  if (candidate.kind !== 'translated') return field(incoming.body, facts.scan, 'reasoning_effort') !== undefined;
  const { reasoning } = candidate.translation.request;
  return reasoning !== undefined && effortOf(reasoning) !== undefined;
}

// Whether the provider has another format for what it refuses in this one.
function mayBeRefused(exchange: Exchange, candidate: Candidate<unknown>, provider: Provider): boolean {
  if (candidate.kind === 'local' || !provider.responses || isChatOnly(exchange, provider)) return false;
  return formatFacts[candidate.format].passthrough.refused !== undefined;
}

function isChatOnly({ services }: Exchange, { baseUrl, accounts: [account] }: Provider): boolean {
  return services.hosts.lacks('responses', baseUrl, account.name, services.now());
}

async function relay(
  answered: Answered<AnswerTranslation>,
  context: ResponseContext,
  progress: ResponseProgress,
): Promise<void> {
  const { response, kind } = answered;
  progress.status = response.status;
  if (response.status >= 400) return relayError(answered, context, progress);
  const events = mediaType(response.headers).includes('event-stream');
  if (events && kind === 'translated' && !context.stream) {
    const failure = new GatewayError('upstream_garbage', { message: 'The provider streams, although a whole answer was asked for.' }); // prettier-ignore
    if (await context.turn.moveOn(failure)) return;
    throw failure;
  }
  const streamed = response.status < 300 && (events || (kind === 'passthrough' && context.asList));
  return streamed ? relayStream(answered, context, progress) : relayWhole(answered, context, progress);
}

function then<T, R>(made: T | Promise<T>, next: (made: T) => R | Promise<R>): R | Promise<R> {
  return made instanceof Promise ? made.then(next) : next(made);
}
