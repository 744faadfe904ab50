// The provider wires we can speak, and the three providers that need no settings but a key.

/** The APIs an upstream may speak. */
export const wireIds = ['openai', 'anthropic', 'gemini'] as const;
/** The API an upstream speaks. Chat completions and Responses are both spoken by `openai`. */
export type WireId = (typeof wireIds)[number];

/** What is known of a provider before anything is set. */
export interface KnownProvider {
  readonly wire: WireId;
  /** Spelt as the provider's own SDK spells it. */
  readonly base_url: string;
  /** The environment variable that holds its key. */
  readonly api_key_env: string;
}

/** Name → provider. Sources: the base URLs of the official SDKs. */
export const knownProviders = {
  anthropic: { wire: 'anthropic', base_url: 'https://api.anthropic.com', api_key_env: 'ANTHROPIC_API_KEY' },
  openai: { wire: 'openai', base_url: 'https://api.openai.com/v1', api_key_env: 'OPENAI_API_KEY' },
  google: { wire: 'gemini', base_url: 'https://generativelanguage.googleapis.com', api_key_env: 'GOOGLE_API_KEY' },
} as const satisfies Record<string, KnownProvider>;

/** The name of one of them. */
export type KnownProviderName = keyof typeof knownProviders;

/** Whether a name is one of the three providers that need no settings but a key. */
export function isKnownProvider(name: string): name is KnownProviderName {
  return Object.hasOwn(knownProviders, name);
}
