/** Owns the suggestion of similar names for a misspelt one; knows nothing of what the names stand for. */

/**
 * The candidates most like `name`, best first, for "did you mean" messages.
 * A candidate counts when at most a third of the name (and at least two characters) must change, or when it contains
 * the name. Candidates of equal distance keep the order they came in. Never throws; a long name is cut to 64 characters,
 * so that the cost does not follow the client's input.
 */
export function nearest(name: string, candidates: Iterable<string>, limit = 3): string[] {
  const wanted = name.trim().toLowerCase().slice(0, 64);
  if (wanted === '') return [];
  const allowed = Math.max(2, Math.floor(wanted.length / 3));
  const scored: { candidate: string; distance: number }[] = [];
  for (const candidate of candidates) {
    const distance = score(wanted, candidate.toLowerCase());
    if (distance <= allowed) scored.push({ candidate, distance });
  }
  scored.sort((a, b) => a.distance - b.distance);
  return scored.slice(0, limit).map((each) => each.candidate);
}

// ---

function score(wanted: string, candidate: string): number {
  const contained = wanted.length > 2 && candidate.includes(wanted);
  return Math.min(editDistance(wanted, candidate), contained ? 2 : Infinity);
}

/** Levenshtein distance: one row at a time, O(a·b) time, O(b) memory. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    above = row;
  }
  return above[b.length] ?? 0;
}
