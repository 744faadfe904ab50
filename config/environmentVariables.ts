// The environment of a process, as configuration reads it.

export type Environment = Readonly<Record<string, string | undefined>>;
