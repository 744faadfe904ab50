// What relaying an answer needs to know of its client.

import type { ServerResponse } from 'node:http';
import type { Limits } from '../../../config/limits';
import type { Reservation } from '../accounting/ledger';
import type { CancelSignal } from '../core/cancellation';
import type { JsonScan } from '../core/jsonScan';
import type { Dialect } from '../core/errorBody';
import type { MemoryShare } from '../core/memoryBudget';
import type { OwnHeaders } from '../upstream/headers';
import type { KeyCleaner } from '../upstream/ownKeys';
import type { Format } from '../wire/neutral';
import type { Remember } from '../wire/reasoning/restore';
import type { AnswerTurn } from './answerTurn';
import type { BodyWorker } from './bodyWorker';
import type { ResponseProgress } from './responseProgress';

export interface ResponseContext {
  readonly raw: ServerResponse;
  /** Is cancelled when the client leaves, or the gateway must stop. */
  readonly client: CancelSignal;
  /** Where the answer stands among the targets of its request. */
  readonly turn: AnswerTurn;
  /** The format it is answered in. */
  readonly format: Format;
  /** It asked for a stream. */
  readonly stream: boolean;
  /** It asked for a stream in the form of a JSON list. */
  readonly asList: boolean;
  readonly dialect: Dialect;
  readonly requestId: string;
  /** Ours: route, request id, what was dropped, what is left of the quota. */
  readonly headers: OwnHeaders;
  /** Nano-USD of the answer, once it has come whole and its provider has said what it used. */
  readonly cost: (progress: ResponseProgress) => number | undefined;
  /** Seconds since 1970. */
  readonly created: number;
  /** Answers that it asked for at once. */
  readonly answers: number;
  /** It asked for usage in its stream. */
  readonly includeUsage: boolean;
  /** Estimated input tokens. */
  readonly inputEstimate: number;
  /** What the body was seen to hold. */
  readonly scan: JsonScan;
  /** Keeps what its later turns may need of a translated answer. */
  readonly remember: Remember;
  readonly bodyWorker: BodyWorker;
  /** Id of the client's key. */
  readonly owner: string;
  /** What the request holds of the memory that its key may hold. */
  readonly memory: MemoryShare;
  /** Takes our own keys out of what a provider says of a failure. */
  readonly ownKeys: KeyCleaner;
  readonly limits: Limits;
  /** Output beyond what it holds must be reserved first. */
  readonly reservation: Pick<Reservation, 'output' | 'extend'>;
  /** Output tokens to extend a reservation by, at least. */
  readonly extendBy: number;
  readonly now: () => number;
}
