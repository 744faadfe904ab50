// How much larger a translation may be than what it is made of: an attacker's schema, or a provider's citations, can grow
// without end.

/** A translation has at most this many times the bytes of its source, and `freeGrowth` more. */
export const mostGrowth = 4;
export const freeGrowth = 64 * 1024;
