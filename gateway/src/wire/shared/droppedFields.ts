// The fields of a request that the target's format cannot carry, collected while the request is encoded. They are named in
// the header `x-ovth-dropped`, each once, and stored with the request: a client may make up any number of any length.

import type { Target } from '../../../../config/target';
import { GatewayError } from '../../core/errors';
import type { Format, Media, NeutralRequest, Part } from '../neutral';
import { isBlank, lookUp, lostNames } from './json';
import type { NoteRepair, Repair } from './repairs';
import { isImageOfWrongType, unshownMedium } from './shownMedia';

export interface DroppedFields {
  /** Names something that is left out. */
  drop(name: string): void;
  /** Names a field where the request has it. */
  dropIf(present: unknown, name: string): void;
  /** Names a medium that the target cannot be shown. @returns whether it can */
  shows(media: Media): boolean;
  readonly list: readonly string[];
  /** Names a repair: what was changed, and is not lost. */
  readonly repair: NoteRepair;
  readonly repaired: readonly Repair[];
}

// Fields that stand for a part of the conversation which only their provider holds. Sources:
// https://platform.openai.com/docs/api-reference/responses/create, https://ai.google.dev/gemini-api/docs/caching,
// https://platform.claude.com/docs/en/api/messages (2026-11).
const heldByProvider: Readonly<Record<string, string>> = {
  previous_response_id: 'names an answer that only OpenAI has stored. Send the whole conversation as "input".',
  conversation: 'names a conversation that only OpenAI has stored. Send it as "input".',
  prompt: 'names a prompt template that only OpenAI has stored. Send its text as "instructions" and "input".',
  background: 'is something only OpenAI does: nobody would be there to fetch the answer later.',
  cachedContent: 'names content that only Google has stored. Send it as "contents".',
  thread: 'names a conversation that only Anthropic holds. Send all of it as "messages", without "thread".',
  container: 'names a container that only Anthropic has.',
};

/** Names that are told, and the characters of each. */
const mostNames = 40;
const longestName = 200;

/**
 * The dropped fields of one request; fields that only the client's format has are named at once.
 * @param format the target's
 * @param target absent where nothing is sent
 * @throws GatewayError cannot_translate, cannot_thread where one of them is a part of the conversation
 */
export function openDroppedFields(request: NeutralRequest, format: Format, target?: Target): DroppedFields {
  const native = request.from === format ? [] : lostNames(request.native);
  for (const name of native) {
    const why = lookUp(heldByProvider, name);
    if (why !== undefined) refuse(name, `${why} The chosen model is another provider's.`);
  }
  const unshown = (media: Media) => (target === undefined ? undefined : unshownMedium(media, format, target));
  refuseEmptied(request, format, unshown);
  if (target !== undefined) refuseImages(request, format, target);
  const names = new Set<string>(native);
  const repaired = new Set<Repair>();
  return {
    drop: (name) => void names.add(name),
    dropIf: (present, name) => {
      if (present !== undefined) names.add(name);
    },
    shows(media) {
      const name = unshown(media);
      if (name !== undefined) names.add(name);
      return name === undefined;
    },
    get list() {
      return toldNames(names);
    },
    repair: (repair) => void repaired.add(repair),
    get repaired() {
      return [...repaired];
    },
  };
}

/** The names that are told of all that were left out, and how many more there are. */
export function toldNames(names: ReadonlySet<string>): string[] {
  const list = [...names].slice(0, mostNames).map((name) => name.slice(0, longestName));
  return names.size > mostNames ? [...list, `${names.size - mostNames} more`] : list;
}

/** Whether a part of the conversation is held by the provider of the request's own format, so that its history is no whole. */
export function isContinuation({ native }: NeutralRequest): boolean {
  return earlierTurns.some((name) => !isBlank(native[name]));
}

const earlierTurns = ['previous_response_id', 'conversation', 'cachedContent', 'thread'];

/**
 * Refuses a request that would mean something else without a field.
 * @param why goes on after the field's name
 * @throws GatewayError cannot_translate, cannot_thread
 */
export function refuse(field: string, why: string): never {
  const code = field === 'thread' ? 'cannot_thread' : 'cannot_translate';
  throw new GatewayError(code, { field, message: `"${field}" ${why}` });
}

// ---

// A request whose last user turn, or whose whole conversation, would be left out.
function refuseEmptied(
  { messages }: NeutralRequest,
  format: Format,
  unshown: (media: Media) => string | undefined,
): void {
  // What a provider's own tool has found is no question: it is left out with its call.
  const isFound = (part: Part) => part.type === 'raw' && part.format !== format && part.resultOf !== undefined;
  const said = messages.filter(({ role, parts }) => role !== 'system' && !(parts.length > 0 && parts.every(isFound)));
  const turns = said.length > 0 ? said : messages.filter(({ role }) => role !== 'system');
  const last = turns.at(-1);
  const parts = last?.role === 'user' ? last.parts : turns.flatMap((message) => message.parts);
  const lost = (part: Part): string | undefined =>
    part.type === 'media'
      ? unshown(part)
      : part.type === 'raw' && part.format !== format
        ? part.at
        : part.type === 'text' && part.text === ''
          ? ''
          : undefined;
  const names = parts.map(lost);
  const name = names.find((each) => each !== '');
  if (name !== undefined && !names.includes(undefined))
    refuse(name, "is all that is asked, and the chosen model's provider cannot be told it.");
}

// An image that the user asks about, and that its model takes in another type. In an earlier turn it is left out and named: a
// conversation would be stuck for good.
function refuseImages({ messages }: NeutralRequest, format: Format, target: Target): void {
  const last = messages.at(-1);
  for (const part of last?.role === 'user' ? last.parts : [])
    if (part.type === 'media' && part.kind === 'image' && isImageOfWrongType(part, format, target))
      refuse(part.mime, `is no type of image that ${target.label} takes: send it as PNG or JPEG.`);
}
