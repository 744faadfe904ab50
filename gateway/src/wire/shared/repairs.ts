// What was changed in a request so that its provider takes it, and nothing of it is lost: a history that is not whole, a
// medium under another's name, a schema in an older dialect. They are named in the header `x-ovth-repaired`, each once; a
// strict route does not refuse them. What is lost is in droppedFields.ts.

/** What each repair does, by the name that the header gives it. */
export const repairs = {
  'repeated-call': 'a call that stands twice in one turn: once',
  'reused-call-id': 'a call under an id that an earlier call has: under one of its own, and its result with it',
  'misplaced-call': "a call in a turn that is not the model's: as text",
  'missing-result': 'a call without a result: its result says that there is none',
  'repeated-result': 'a second result of a call: left out where it says the same, else as text',
  'orphan-result': 'a result without a call: as text',
  'misplaced-result': 'a result that stands apart from its call: directly after it',
  'empty-error': 'a result that is an error and says nothing: says that it is one',
  'lone-reasoning': 'reasoning of a turn that was cut before it said or called anything: left out',
  'blank-turn': "a turn of the user's without content, which the provider refuses: says that it is empty",
  'tool-arguments': 'arguments that are no JSON object, where the provider takes nothing else: their text in an object',
  'repeated-tool': 'a tool that is declared twice in the same words: once',
  base64: 'base64 in the alphabet of URLs, in lines, or without its padding: as every provider reads it',
  'media-type': 'a medium under another type than that of its first bytes: under its own',
  schema:
    'a JSON schema in an older dialect, or with keywords of a wrong kind: in the newest, the rest as a description',
  'json-word': 'JSON that is asked for by a setting alone, which OpenAI refuses: asked for in words too',
  'lone-surrogate': 'half of a character, which no UTF-8 can hold: U+FFFD',
} as const;

export type Repair = keyof typeof repairs;

/** Takes the name of a repair. */
export type NoteRepair = (repair: Repair) => void;
