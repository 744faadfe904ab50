// Collects the reasoning of one chat completion, which comes in pieces and in one of several fields. Sources:
// https://api-docs.deepseek.com/guides/reasoning_model, `reasoning_content`;
// https://openrouter.ai/docs/use-cases/reasoning-tokens, `reasoning` and `reasoning_details` (2026-11).

import type { Json } from '../jsonObject';
import type { EventBuilder } from '../shared/eventBuilder';
import { listOr, objectOr, textOr } from '../shared/json';

export interface ReasoningCollector {
  /** @param delta a message, or a stream's delta of one */
  add(delta: Json): void;
  /** The reasoning is over: its opaque form is now complete. */
  end(): void;
  /** About how many bytes of it are held until then. */
  readonly kept: number;
}

/** What a piece of reasoning costs beside its text. */
const pieceCost = 200;

/** The opaque form is the details, or the name of the text's field: either goes back where it came from. */
export function openReasoningCollector(builder: EventBuilder): ReasoningCollector {
  return new Collector(builder);
}

// ---

class Collector implements ReasoningCollector {
  kept = 0;
  #field: string | undefined;
  #details: Record<string, unknown>[] = [];
  readonly #builder: EventBuilder;

  constructor(builder: EventBuilder) {
    this.#builder = builder;
  }

  add(delta: Json): void {
    const name = textField(delta);
    if (name === undefined && delta['reasoning_details'] === undefined) return; // as in nearly every event
    const pieces = listOr(delta['reasoning_details']).map(objectOr);
    for (const piece of pieces) {
      addPiece(this.#details, piece);
      this.kept += pieceCost;
      for (const value of Object.values(piece)) if (typeof value === 'string') this.kept += value.length;
    }
    const text =
      name === undefined
        ? pieces.map((piece) => textOr(piece['text']) || textOr(piece['summary'])).join('')
        : textOr(delta[name]);
    this.#field ??= name;
    this.#builder.reasoning(text);
  }

  end(): void {
    if (this.#details.length > 0) this.#builder.opaqueReasoning({ format: 'chat', value: this.#details });
    else if (this.#field !== undefined && this.#builder.open === 'reasoning')
      this.#builder.opaqueReasoning({ format: 'chat', value: this.#field });
    this.#details = [];
    this.kept = 0;
    this.#field = undefined;
  }
}

function textField(delta: Json): string | undefined {
  if (textOr(delta['reasoning_content']) !== '') return 'reasoning_content';
  return textOr(delta['reasoning']) !== '' ? 'reasoning' : undefined;
}

// Pieces of one detail carry the same index: their texts are joined, of every other field the last value holds.
function addPiece(details: Record<string, unknown>[], piece: Json): void {
  const sum = details.at(-1);
  if (sum === undefined || sum['type'] !== piece['type'] || sum['index'] !== piece['index']) {
    details.push({ ...piece });
    return;
  }
  for (const [key, value] of Object.entries(piece)) {
    const grows =
      (key === 'text' || key === 'summary' || key === 'data') &&
      typeof sum[key] === 'string' &&
      typeof value === 'string';
    sum[key] = grows ? `${sum[key] as string}${value}` : (value ?? sum[key]);
  }
}
