// What the steps of the pipeline pass on: the parts that all requests share, one request, and the ways it can be put to a
// provider.

import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Account } from '../../../config/accounts';
import type { Limits } from '../../../config/limits';
import type { Config, Provider } from '../../../config/load';
import type { Target } from '../../../config/target';
import type { KeyDirectory } from '../accounting/keyDirectory';
import type { Ledger } from '../accounting/ledger';
import type { RecordObserver } from '../accounting/record';
import type { CancelSignal } from '../core/cancellation';
import type { Dialect } from '../core/errorBody';
import type { MemoryShare } from '../core/memoryBudget';
import type { KeyRow } from '../storage/rows';
import type { HostCapabilities } from '../upstream/hostCapabilities';
import type { ModelRefusals } from '../upstream/modelRefusals';
import type { RetryBudgets } from '../upstream/retryBudget';
import type { OutputSpeed } from '../upstream/outputSpeed';
import type { UpstreamResponse } from '../upstream/exchange';
import type { UpstreamPool, UpstreamRequest } from '../upstream/pool';
import type { TargetHealth } from '../upstream/targetHealth';
import type { AnswerFormat } from '../wire';
import type { Format } from '../wire/neutral';
import type { BodyWorker } from './bodyWorker';
import type { PathModel, RequestFacts } from './inspect';
import type { Plan } from './plan';
import type { ReasoningCache } from './reasoningCache';
import type { ResponseContext } from './responseContext';
import type { ResponseProgress } from './responseProgress';

/** What every request shares. */
export interface Services {
  /** The configuration of this moment; a request keeps the one it began with. */
  readonly config: Config;
  /** Names this process in the ledger. */
  readonly instance: string;
  readonly ledger: Ledger;
  /** Keys as they stand at this moment. */
  readonly keys: Pick<KeyDirectory, 'byId'>;
  readonly upstream: UpstreamPool;
  readonly health: TargetHealth;
  readonly speed: OutputSpeed;
  readonly hosts: HostCapabilities;
  readonly modelRefusals: ModelRefusals;
  readonly retries: RetryBudgets;
  readonly reasoningCache: ReasoningCache;
  readonly bodyWorker: BodyWorker;
  /** Told of every request that has ended. */
  readonly observe: RecordObserver;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A number in [0, 1), for `weighted`. */
  readonly random: () => number;
}

/** A request as it came in: its body is read, nothing else is known of it. */
export interface IncomingRequest {
  readonly id: string;
  readonly key: KeyRow;
  /** Set where the key's secret was replaced: it works until then, milliseconds since 1970. */
  readonly oldKeyUntil: number | undefined;
  /** The format of the path, which its caller is answered in. */
  readonly format: Format;
  /** What the path says of the request, where it says anything. */
  readonly pathModel: PathModel | undefined;
  readonly dialect: Dialect;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** What it holds of the memory that its key may hold; its body is counted. */
  readonly memory: MemoryShare;
  readonly raw: ServerResponse;
  /** Where it comes from. */
  readonly address: string;
  /** Is cancelled when its key has ended, or the time to drain is over. */
  readonly ending: CancelSignal;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** One request on its way: what the steps before preparing have found out. */
export interface Exchange {
  readonly services: Services;
  readonly config: Config;
  readonly incoming: IncomingRequest;
  readonly facts: RequestFacts;
  readonly plan: Plan;
  /** ISO date on which it is priced. */
  readonly day: string;
  /** Is cancelled when the client leaves, or the gateway must stop. */
  readonly client: CancelSignal;
}

interface Prepared {
  readonly target: Target;
  readonly account: Account;
  /** Paths of what the target cannot carry. */
  readonly dropped: readonly string[];
}

/** The client's own bytes, to a provider that speaks its format. */
export interface Passthrough extends Prepared {
  readonly kind: 'passthrough';
  readonly request: UpstreamRequest;
  readonly format: Format;
  /** What its answer is read as, where that is not the format's own. */
  readonly answerFormat?: AnswerFormat;
  /** Statuses after which `Service.reword` may know another way to put it to the same target. */
  readonly rewordAfter?: ReadonlySet<number>;
  /** The maximum has its older name, which the provider may refuse. */
  readonly olderMaximum?: boolean;
  /** A usage event was asked for that the client does not expect. */
  readonly hideUsage: boolean;
}

/** A request in another format. @typeParam T what the answer's translation needs to know of it */
export interface Translated<T> extends Prepared {
  readonly kind: 'translated';
  readonly request: UpstreamRequest;
  /** The format that the provider is spoken to in. */
  readonly format: Format;
  readonly rewordAfter?: ReadonlySet<number>;
  /** What was broken in the request, and was repaired. */
  readonly repaired?: readonly string[];
  /** The summary of reasoning is asked for, which the provider may refuse. */
  readonly asksForSummary?: boolean;
  readonly translation: T;
}

/** An answer that needs no provider. */
export interface Local extends Prepared {
  readonly kind: 'local';
  readonly response: UpstreamResponse;
}

/** A request as one target gets it. */
export type Candidate<T> = Passthrough | Translated<T> | Local;

/** A candidate and its answer, of which nothing but status and headers has been read. */
export type Answered<T> = Candidate<T> & { readonly response: UpstreamResponse };

/** A provider's refusal, read whole. */
export interface ProviderRefusal {
  readonly status: number;
  readonly body: Buffer;
}

/** What a kind of request needs of its own; the pipeline around it is the same for all. */
export interface Service<T> {
  /** Whether it is admitted against quotas and booked in the ledger. */
  readonly booked: boolean;
  /** Hosts may lack its path: a refusal that says so is no trouble of theirs. */
  readonly optionalPath?: boolean;
  /** @throws GatewayError bad_json, bad_request, too_complex naming the field */
  inspect(incoming: IncomingRequest, limits: Limits): RequestFacts | Promise<RequestFacts>;
  /** @throws GatewayError cannot_translate and the like where the target cannot carry it */
  prepare(exchange: Exchange, target: Target, provider: Provider): Candidate<T> | Promise<Candidate<T>>;
  /** Another way to put it to the same target after a refusal; undefined where none would help. */
  reword?(
    exchange: Exchange,
    candidate: Candidate<T>,
    refusal: ProviderRefusal,
  ): Candidate<T> | undefined | Promise<Candidate<T> | undefined>;
  /** Passes the answer on. @throws GatewayError where nothing has been sent yet; ClientGone */
  relay(answered: Answered<T>, context: ResponseContext, progress: ResponseProgress): Promise<void>;
}
