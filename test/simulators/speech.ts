// The words of a simulated model: sentences computed from what was said, as long as they were wanted.

/** What an answer's text depends on. */
export interface Occasion {
  model: string;
  /** which turn of the user it answers */
  turn: number;
  prompt: string;
  /** what tools have just answered */
  results: readonly string[];
}

/** The text of an answer, with at least as many words as pieces are wanted of it. */
export function speech({ model, turn, prompt, results }: Occasion, chunks: number | undefined): string {
  const opening =
    results.length > 0
      ? `The tool answered: ${results.map((text) => `"${quote(text, 200)}"`).join(' and ')}.`
      : `You said: "${quote(prompt, 60)}".`;
  const sentence = `${opening} This is ${model}, simulated, at turn ${turn}.`;
  const [, amount = '', unit] = LENGTH.exec(prompt) ?? [];
  const count = Math.min(
    MOST_WORDS,
    SPELT.includes(amount.toLowerCase()) ? SPELT.indexOf(amount.toLowerCase()) : +amount,
  );
  if (unit?.toLowerCase() === 'word') return wordsFrom(sentence, Math.max(count, chunks ?? 0));
  if (unit) return Array.from({ length: Math.min(count, 2_000) }, (_, n) => paragraph(n, sentence)).join('\n\n');
  if (chunks !== undefined && sentence.split(/\s+/).length < chunks) return wordsFrom(sentence, chunks);
  return sentence;
}

/** What goes through a model's head before it answers: so many words. */
export function thought(prompt: string, words: number): string {
  return words > 0 ? wordsFrom(`The user says "${quote(prompt, 40)}" and I think about it.`, words) : '';
}

/** A text cut into `count` pieces, or into pieces of three words; joined they are the text again. */
export function piecesOf(text: string, count?: number): string[] {
  const words = text.match(/\s*\S+\s*$|\s*\S+/g) ?? (text === '' ? [] : [text]);
  // JSON printed without a blank is one word, and nobody streams it as one piece.
  if (words.length === 1 && count === undefined && text.length > 24) return fragmentsOf(text);
  const pieces = Math.min(words.length, count ?? Math.ceil(words.length / 3));
  const cut = (n: number) => Math.round((n * words.length) / pieces);
  return Array.from({ length: pieces }, (_, n) => words.slice(cut(n), cut(n + 1)).join(''));
}

/** The JSON of a call's arguments in the fragments in which it is streamed. */
export function fragmentsOf(json: string): string[] {
  return json.match(/.{1,12}/gsu) ?? [];
}

/** The longest beginning of a text that fits in so many bytes without tearing a character. */
export function cutBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  let end = Math.min(whole.length, bytes);
  while (end > 0 && end < whole.length && ((whole[end] ?? 0) & 0xc0) === 0x80) end--;
  return whole.toString('utf8', 0, end);
}

// ---

const MOST_WORDS = 200_000;
const SPELT = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const LENGTH = new RegExp(`\\b(\\d{1,6}|${SPELT.join('|')})[- ](word|paragraph)s?\\b`, 'i');
const FILLER = (
  'A gateway stands between a program and the models that answer it and nobody notices when it works. ' +
  'It counts what passes and it remembers who asked and it gives back what it was given. ' +
  'The words of this answer mean nothing but there are exactly as many as you wanted. '
)
  .trim()
  .split(' ');

function wordsFrom(sentence: string, count: number): string {
  const words = sentence.split(/\s+/).slice(0, count);
  while (words.length < count) words.push(FILLER[words.length % FILLER.length] ?? '');
  return words.join(' ');
}

function paragraph(n: number, sentence: string): string {
  return n === 0 ? `${sentence} ${FILLER.join(' ')}` : FILLER.join(' ');
}

function quote(text: string, longest: number): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  if (flat.length <= longest) return flat;
  // By code points, so that no emoji is torn in half.
  const points = [...flat.slice(0, longest * 2)];
  return points.length <= longest && flat.length <= longest * 2 ? flat : `${points.slice(0, longest).join('')}…`;
}
