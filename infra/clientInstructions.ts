// Texts to paste into clients and shells. They hold no secrets; those are stack outputs of their own.

/**
 * A shell script: the variables that clients read, a command that mints a key, and a request with it in each dialect.
 * @param url the gateway's, without a trailing slash
 */
export function clientSettings(url: string): string {
  return `# OpenAI's API: Cursor, Aider, OpenAI's SDKs
export OPENAI_BASE_URL=${url}/v1
export OPENAI_API_BASE=${url}/v1
export OPENAI_API_KEY=ovth_live_...

# Anthropic's API: Claude Code, Anthropic's SDKs
export ANTHROPIC_BASE_URL=${url}/anthropic
export ANTHROPIC_AUTH_TOKEN=ovth_live_...

# A key for an app; it is shown once
curl -X POST ${url}/admin/keys -H "Authorization: Bearer $(pulumi stack output masterKey --show-secrets)" -d '{"label":"cursor","quota":{"daily_tokens":100000}}'

# A request with it in each dialect
curl ${url}/v1/chat/completions -H "Authorization: Bearer $OPENAI_API_KEY" -d '{"model":"auto","messages":[{"role":"user","content":"hi"}]}'
curl ${url}/anthropic/v1/messages -H "x-api-key: $ANTHROPIC_AUTH_TOKEN" -H "anthropic-version: 2023-06-01" -d '{"model":"claude-sonnet-5","max_tokens":50,"messages":[{"role":"user","content":"hi"}]}'
`;
}

/**
 * A shell line that logs in as root and accepts no other server than this stack's.
 * @param address the server's IPv4 address
 * @param hostKey its SSH identity, `ssh-ed25519 AAAA…`
 * @param ownKey whether the operator's own key is on the box; else the line takes the program's key, in a file of its own for
 *   as long as the login lasts. It needs no agent, and a command may follow it
 */
export function sshCommand(address: string, hostKey: string, ownKey: boolean): string {
  const pinned = `-o StrictHostKeyChecking=yes -o UserKnownHostsFile=/dev/null -o "KnownHostsCommand=/bin/echo ${address} ${hostKey}"`;
  if (ownKey) return `ssh ${pinned} root@${address}`;
  const login = `ssh -o IdentitiesOnly=yes -i "$key" ${pinned} root@${address} "$@"`;
  return `bash -c 'umask 077; key=$(mktemp) && trap "rm -f $key" EXIT && pulumi stack output sshPrivateKey --show-secrets >"$key" && ${login}' ssh`;
}
