// Ids of function calls. Gemini matches results to calls by name and order; the other formats by an id, which is made here
// where the client sends none. Source: https://ai.google.dev/gemini-api/docs/function-calling (2026-11).

export interface CallIds {
  /** The id of a call. */
  ofCall(name: string, id: string | undefined): string;
  /** The id of the call that a result belongs to; its own for a second copy of one: Gemini CLI sends those on resume. */
  ofResponse(name: string, id: string | undefined): string;
}

/** The ids of one request's calls; made ones count up from `call_1`. */
export function openCallIds(): CallIds {
  let count = 0;
  const waiting: { readonly name: string; readonly id: string }[] = [];
  const answered = new Set<string>();
  return {
    ofCall(name, id) {
      const callId = id ?? `call_${++count}`;
      waiting.push({ name, id: callId });
      return callId;
    },
    ofResponse(name, id) {
      let at = waiting.findIndex((call) => (id === undefined ? call.name === name : call.id === id));
      if (at < 0 && id !== undefined && answered.has(id)) return id;
      if (id !== undefined) answered.add(id);
      if (at < 0) at = waiting.findIndex((call) => call.name === name);
      const [found] = at < 0 ? [] : waiting.splice(at, 1);
      return found?.id ?? id ?? `call_${++count}`;
    },
  };
}
