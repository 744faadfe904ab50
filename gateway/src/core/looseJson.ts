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
    return parse(text.replace(stringOrNone, (found) => (found.startsWith('"') ? found : 'null')));
  }
}

// ---

const stringOrNone = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b/g;
