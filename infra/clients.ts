// What to paste into clients and shells once the gateway answers. No secrets: those are outputs of their own.

/** @param url of the gateway, without a trailing slash */
export function clientSettings(url: string) {
  const mint = [
    `curl -X POST ${url}/admin/keys`,
    '-H "Authorization: Bearer $(pulumi stack output masterKey --show-secrets)"',
    `-d '{"label":"cursor","quota":{"daily_tokens":100000}}'`,
  ];
  const openai = [
    `curl ${url}/v1/chat/completions`,
    '-H "Authorization: Bearer $OVTH_KEY"',
    `-d '{"model":"auto","messages":[{"role":"user","content":"hi"}]}'`,
  ];
  const anthropic = [
    `curl ${url}/anthropic/v1/messages`,
    '-H "x-api-key: $OVTH_KEY"',
    '-H "anthropic-version: 2023-06-01"',
    `-d '{"model":"claude-sonnet-4.5","max_tokens":50,"messages":[{"role":"user","content":"hi"}]}'`,
  ];
  return {
    mintKey: mint.join(' '),
    openai: {
      OPENAI_BASE_URL: `${url}/v1`,
      OPENAI_API_BASE: `${url}/v1`,
      OPENAI_API_KEY: 'ovth_live_...',
      curl: openai.join(' '),
    },
    anthropic: {
      ANTHROPIC_BASE_URL: `${url}/anthropic`,
      ANTHROPIC_AUTH_TOKEN: 'ovth_live_...',
      curl: anthropic.join(' '),
    },
  };
}

/**
 * A shell line that logs in, and refuses any other server than this stack's.
 * @param ownKey the operator's own key is on the box; else the line borrows the program's
 */
export function sshCommand(address: string, hostKey: string, ownKey: boolean): string {
  const pinned = `-o StrictHostKeyChecking=yes -o UserKnownHostsFile=/dev/null -o KnownHostsCommand='/bin/echo ${address} ${hostKey}'`;
  const login = `ssh ${pinned} root@${address}`;
  return ownKey ? login : `pulumi stack output sshPrivateKey --show-secrets | ssh-add -q -t 60 - && ${login}`;
}
