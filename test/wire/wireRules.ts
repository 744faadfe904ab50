// What each provider refuses in the history of a request, checked independently of the encoders and of the simulators.
// Sources are those of the repairs (gateway/src/wire/shared/repairHistory.ts and blankTurns.ts).

import type { Json } from '../../gateway/src/wire/jsonObject';
import type { Format } from '../../gateway/src/wire/neutral';

/** What a provider would refuse in the history of a body; empty where nothing is wrong. */
export function historyProblems(format: Format, body: Json): string[] {
  const problems: string[] = [];
  const found = (problem: string) => void problems.push(problem);
  rules[format](body, found);
  if (hasLoneSurrogate(body)) found('a lone surrogate');
  return problems;
}

// ---

type Found = (problem: string) => void;

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const rules: Readonly<Record<Format, (body: Json, found: Found) => void>> = {
  chat(body, found) {
    let open: string[] = [];
    const seen = new Set<string>();
    for (const [n, message] of list(body['messages']).entries()) {
      if (message['role'] === 'tool') {
        const at = open.indexOf(text(message['tool_call_id']));
        if (at < 0) found(`messages[${n}] is a result without a call`);
        else open.splice(at, 1);
        continue;
      }
      if (open.length > 0) found(`messages[${n}] comes before the results of ${open.join()}`);
      open = list(message['tool_calls']).map((call) => text(call['id']));
      if (open.length > 0 && message['role'] !== 'assistant') found(`messages[${n}] is not the model's and calls`);
      for (const id of open) noteId(id, seen, found);
      if (message['content'] === null && open.length === 0) found(`messages[${n}] holds nothing`);
    }
    if (open.length > 0) found(`no result of ${open.join()}`);
  },

  responses(body, found) {
    const open = new Set<string>();
    const seen = new Set<string>();
    for (const [n, item] of list(body['input']).entries()) {
      const id = text(item['call_id']);
      const type = text(item['type']);
      if (type === 'function_call' || type === 'custom_tool_call') {
        noteId(id, seen, found);
        open.add(id);
      } else if (type.endsWith('_call_output')) {
        if (!open.delete(id)) found(`input[${n}] is an output without a call`);
      } else if (open.size > 0 && item['role'] === 'user') found(`input[${n}] comes before the output of a call`);
    }
    if (open.size > 0) found(`no output of ${[...open].join()}`);
  },

  messages(body, found) {
    const seen = new Set<string>();
    let open: string[] = [];
    let before = '';
    for (const [n, { role, content }] of list(body['messages']).entries()) {
      if (role === before && role !== 'system') found(`messages[${n}] has the role of the one before`);
      if (n === 0 && role !== 'user') found("messages[0] is not the user's");
      before = text(role);
      if (typeof content === 'string' ? content.trim() === '' : list(content).length === 0)
        found(`messages[${n}] is empty`);
      const blocks = list(content);
      let other = false;
      const answered: string[] = [];
      for (const block of blocks) {
        if (block['type'] === 'text' && text(block['text']).trim() === '') found(`messages[${n}] holds a blank text`);
        if (block['type'] !== 'tool_result') {
          other = true;
          continue;
        }
        if (other) found(`messages[${n}] holds a result after something else`);
        answered.push(text(block['tool_use_id']));
        if (block['is_error'] === true) {
          const said =
            typeof block['content'] === 'string' ? block['content'] !== '' : list(block['content']).length > 0;
          if (!said) found(`messages[${n}] holds an error that says nothing`);
          if (list(block['content']).some((inner) => inner['type'] !== 'text')) found('an error that is no text');
        }
      }
      if ([...answered].sort().join() !== [...open].sort().join())
        found(`messages[${n}] holds the results ${answered.join()} of the calls ${open.join()}`);
      open = blocks.filter((block) => block['type'] === 'tool_use').map((block) => text(block['id']));
      if (open.length > 0 && role !== 'assistant') found(`messages[${n}] is not the model's and calls`);
      for (const id of open) noteId(id, seen, found);
    }
    if (open.length > 0) found(`no result of ${open.join()}`);
  },

  generate(body, found) {
    let open: string[] = [];
    let before = '';
    for (const [n, { role, parts }] of list(body['contents']).entries()) {
      if (list(parts).length === 0) found(`contents[${n}] has no parts`);
      if (role === before) found(`contents[${n}] has the role of the one before`);
      if (n === 0 && role !== 'user') found("contents[0] is not the user's");
      before = text(role);
      const results = list(parts).flatMap((part) =>
        part['functionResponse'] ? [part['functionResponse'] as Json] : [],
      );
      const calls = list(parts).flatMap((part) => (part['functionCall'] ? [part['functionCall'] as Json] : []));
      if (results.map((result) => text(result['name'])).join() !== open.join())
        found(`contents[${n}] holds results of ${results.map((one) => text(one['name'])).join()} for ${open.join()}`);
      if (calls.length > 0 && role !== 'model') found(`contents[${n}] is not the model's and calls`);
      open = calls.map((call) => text(call['name']));
    }
    if (open.length > 0) found(`no result of ${open.join()}`);
  },
};

function noteId(id: string, seen: Set<string>, found: Found): void {
  if (!/^[a-zA-Z0-9_-]{1,40}$/.test(id)) found(`the id ${JSON.stringify(id)}`);
  if (seen.has(id)) found(`the id ${id} stands twice`);
  seen.add(id);
}

function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed();
  return typeof value === 'object' && value !== null && Object.values(value).some(hasLoneSurrogate);
}
