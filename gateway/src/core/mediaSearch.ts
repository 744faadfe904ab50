// Weighs the strings of a request's body while it is scanned: which of them are encoded media, and what the text costs.

import {
  isFreeJson,
  isPlainDataUrl,
  isPlainText,
  keyOf,
  longestMediaType,
  looksEncoded,
  mediaKeys,
  type Medium,
  mediumNamed,
  opaqueKeys,
  textInBase64,
  tokensOfMedium,
  tokensPerMedium,
} from './jsonMedia';
import { tokensAboveThird, tokensOfBase64AboveThird } from './textDensity';

export interface FoundMedia {
  /** Bytes of text, without encoded media. */
  readonly textBytes: number;
  /** Tokens of the text beyond one for every three bytes. */
  readonly denseTokens: number;
  /** The media whose type names the body holds. */
  readonly media: ReadonlySet<Medium>;
  /** Number of media, encoded and by URL. */
  readonly mediaCount: number;
  /** Tokens of the media, by their kind and size. */
  readonly mediaTokens: number;
}

/** Told of each string of a body, and of where its objects and lists begin and end; positions are bytes of the body. */
export class MediaSearch {
  readonly #body: Buffer;
  readonly #media = new Set<Medium>();
  #encodedCount = 0;
  #mediaBytes = 0;
  #mediaTokens = 0;
  #denseTokens = 0;
  /** How often media are named, by the type of a block and by their MIME type. */
  #typesNamed = 0;
  #mimesNamed = 0;
  /** Where each open object and list begins, by depth. */
  readonly #opens: number[] = [];
  /** Strings that are media unless their object turns out to hold plain text; all of the object at this depth. */
  #pending: { readonly start: number; readonly end: number }[] = [];
  #pendingDepth = -1;

  constructor(body: Buffer) {
    this.#body = body;
  }

  /** An object or list of this depth begins. */
  open(depth: number, at: number): void {
    this.#opens[depth] = at;
  }

  /** Where the last object or list of this depth began; -1 where there was none. */
  openedAt(depth: number): number {
    return this.#opens[depth] ?? -1;
  }

  /** An object or list of this depth ends. */
  close(depth: number, at: number): void {
    if (depth === this.#pendingDepth) this.#settlePending(at);
  }

  /** A string within the value of a top-level key. @param start of its characters @param end of its characters */
  string(start: number, end: number, depth: number, topLevelKey: string): void {
    const body = this.#body;
    const size = end - start;
    if (size <= longestMediaType && depth > 2) this.#name(start, size);
    if (depth > 2 && size > 512 && looksEncoded(body, start) && this.#mayBeMedium(start, depth, topLevelKey)) {
      this.#pending.push({ start, end });
      this.#pendingDepth = depth;
    } else this.#denseTokens += tokensAboveThird(body, start, end);
  }

  /** What the whole body holds, once it has ended. */
  found(): FoundMedia {
    const named = Math.max(this.#typesNamed, this.#mimesNamed);
    const byUrl = Math.max(0, named - this.#encodedCount);
    return {
      textBytes: this.#body.length - this.#mediaBytes,
      denseTokens: this.#denseTokens,
      media: this.#media,
      mediaCount: this.#encodedCount + byUrl,
      mediaTokens: this.#mediaTokens + byUrl * tokensPerMedium,
    };
  }

  #name(start: number, size: number): void {
    const medium = mediumNamed(this.#body, start, size);
    if (medium === undefined) return;
    this.#media.add(medium);
    if (this.#body.subarray(start, start + size).includes('/')) this.#mimesNamed++;
    else this.#typesNamed++;
  }

  // Whether providers take the string that begins here for a medium. Within a tool's schema, arguments or result it is text.
  #mayBeMedium(start: number, depth: number, topLevelKey: string): boolean {
    if (this.#pendingDepth >= 0 && this.#pendingDepth !== depth) return false; // media hold no others
    if (!mediaKeys.has(keyOf(this.#body, start - 1))) return false;
    for (let level = 3; level <= depth; level++)
      if (isFreeJson(keyOf(this.#body, this.#opens[level] ?? 0))) return false;
    return !isFreeJson(topLevelKey) || topLevelKey === 'input'; // Responses' conversation
  }

  #settlePending(close: number): void {
    const body = this.#body;
    const open = this.#opens[this.#pendingDepth] ?? 0;
    const first = this.#pending[0]?.start ?? open;
    const last = this.#pending.at(-1)?.end ?? close;
    const beside = isPlainText(body.subarray(open, first)) || isPlainText(body.subarray(last, close));
    for (const { start, end } of this.#pending) {
      const dense = this.#tokensOfText(start, end, beside);
      if (dense !== undefined) this.#denseTokens += dense;
      else {
        this.#encodedCount++;
        this.#mediaBytes += end - start;
        this.#mediaTokens += tokensOfMedium(body, start, end);
      }
    }
    this.#pending = [];
    this.#pendingDepth = -1;
  }

  // Tokens beyond one for every three bytes of a string that is or holds text; undefined where it is a medium.
  #tokensOfText(start: number, end: number, isPlain: boolean): number | undefined {
    const body = this.#body;
    const key = keyOf(body, start - 1);
    const plain = (isPlain && key === 'data') || isPlainDataUrl(body, start, end);
    const encoded = opaqueKeys.has(key) ? undefined : textInBase64(body, start, end);
    if (!plain && encoded === undefined) return undefined;
    return Math.max(
      plain ? tokensAboveThird(body, start, end) : -Infinity,
      encoded === undefined ? -Infinity : tokensOfBase64AboveThird(body, encoded, end),
    );
  }
}
