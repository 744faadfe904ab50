// Which program a request comes from, for reports. Only known names: a header must not open rows of its own.

// The product names that the clients send in `user-agent`, as they were recorded.
const programs: readonly (readonly [word: string, name: string])[] = [
  ['claude-cli', 'claude-code'],
  ['claude-code', 'claude-code'],
  ['codex', 'codex'],
  ['cursor', 'cursor'],
  ['opencode', 'opencode'],
  ['continue', 'continue'],
  ['aider', 'aider'],
  ['zed', 'zed'],
  ['cline', 'cline'],
  ['geminicli', 'gemini-cli'],
  ['litellm', 'litellm'],
  ['langchain', 'langchain'],
  ['ai-sdk', 'ai-sdk'],
  ['anthropic/', 'anthropic-sdk'],
  ['openai/', 'openai-sdk'],
  ['google-genai-sdk', 'google-genai-sdk'],
  ['curl/', 'curl'],
];
const longestAgent = 200;

/** The name of a known client program; undefined for any other. */
export function clientProgram(userAgent: string | undefined): string | undefined {
  if (userAgent === undefined) return undefined;
  if (userAgent === last.agent) return last.name;
  const agent = userAgent.slice(0, longestAgent).toLowerCase();
  last = { agent: userAgent.slice(0, longestAgent), name: programs.find(([word]) => agent.includes(word))?.[1] };
  return last.name;
}

// ---

// Most requests in a row come from the same program.
let last: { agent: string; name: string | undefined } = { agent: '', name: undefined };
