// A JSON object as parsed.

/** A JSON object as parsed. */
export type Json = Readonly<Record<string, unknown>>;
