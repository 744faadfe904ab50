// A request on its way to another format, as the pipeline takes it: from bytes to bytes.

import type { Target } from '../../config/target';
import { codecs } from '../../gateway/src/wire';
import { encodeRepaired } from '../../gateway/src/wire/repairRequest';
import type { Json } from '../../gateway/src/wire/jsonObject';
import type { Format } from '../../gateway/src/wire/neutral';
import { parseBody, printRequest } from '../../gateway/src/wire/shared/jsonBytes';
import { targets } from './recorded';

export interface TranslatedBody {
  readonly body: Json;
  /** The body's bytes as text. */
  readonly text: string;
  readonly dropped: readonly string[];
  readonly repaired: readonly string[];
}

/** @param asked JSON text, or what is printed as such */
export function translated(
  from: Format,
  to: Format,
  asked: Json | string,
  target: Target = targets[to],
): TranslatedBody {
  const bytes = Buffer.from(typeof asked === 'string' ? asked : JSON.stringify(asked));
  const request = codecs[from].decodeRequest(parseBody(bytes, codecs[from].objectArgs));
  const { body, dropped, repaired = [] } = encodeRepaired(codecs[to], request, target);
  const printed = printRequest(body);
  const text = Buffer.from(printed.bytes).toString('utf8');
  return {
    body: JSON.parse(text) as Json,
    text,
    dropped,
    repaired: printed.repaired ? [...repaired, 'lone-surrogate'] : repaired,
  };
}
