// The codes a gateway process ends with. Those from 64 on are of sysexits.h (EX_USAGE, EX_DATAERR, EX_UNAVAILABLE, EX_NOPERM,
// EX_CONFIG).

/** Name → the code and when it is used. */
export const exitCodes = {
  done: { code: 0, meaning: 'Drained after SIGTERM or SIGINT; or a command did what it was asked for.' },
  failed: {
    code: 1,
    meaning:
      'An unexpected error; what the gateway refused to do for `ovth keys`, and why; a ledger that cannot be used, that is gone at the start, or that is deleted, replaced or truncated while the gateway runs; an address in use; or a stop that failed. See the log.',
  },
  usage: {
    code: 64,
    meaning:
      'The command line names no command there is, an option that the command has not, or a key that does not exist.',
  },
  unsound: {
    code: 65,
    meaning:
      '`ovth ledger check` found a ledger that does not add up, `ovth ledger verify` one that was changed; or `ovth restore` a copy, which it did not put in place.',
  },
  unreachable: { code: 69, meaning: '`ovth keys` found no gateway at its address.' },
  refused: {
    code: 77,
    meaning: 'The gateway did not take the credential of `ovth keys`, or for less than it was asked.',
  },
  badConfig: {
    code: 78,
    meaning: 'The configuration cannot be used; every problem is listed. Restarting does not help.',
  },
} as const;
