// JSON with numbers that are none. Python prints NaN and Infinity and reads them again, so that hosts written in it send them,
// in logprobs for one, and their clients take them. Source: https://docs.python.org/3/library/json.html, "Infinite and NaN
// Number Values" (2026-11).

/** Characters of a text that is looked through for them. */
const longest = 4 * 1024 * 1024;

/** The value of a provider's JSON, with null for every such number. @throws SyntaxError where it is none otherwise, too */
export function parseLoose(text: string, parse: (text: string) => unknown = JSON.parse): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (text.length > longest || !/NaN|Infinity/.test(text)) throw error;
    return parse(withNulls(text));
  }
}

// ---

// Quote by quote: a pattern for whole strings would look at the rest of a text that is cut within one again and again.
function withNulls(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const open = positionOf('"', text, at);
    const close = closingQuote(text, open + 1);
    parts.push(text.slice(at, open).replace(/-?\b(?:NaN|Infinity)\b/g, 'null'), text.slice(open, close));
    at = close;
  }
  return parts.join('');
}

// The position behind the quote that ends a string; the text's end where it has none.
function closingQuote(text: string, start: number): number {
  for (let at = start; at < text.length;) {
    const quote = positionOf('"', text, at);
    let slashes = quote;
    while (slashes > at && text[slashes - 1] === '\\') slashes--;
    at = quote + 1;
    if ((quote - slashes) % 2 === 0) return at;
  }
  return text.length;
}

function positionOf(what: string, text: string, from: number): number {
  const found = text.indexOf(what, from);
  return found < 0 ? text.length : found;
}
