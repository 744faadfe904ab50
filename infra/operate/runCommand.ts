// How an operator's command ends: with its code, or with one sentence.

/** Runs a command to its end. A failure is printed without a stack, and the exit code is 1. */
export function runCommand(command: () => Promise<number>): void {
  command().then(
    (code) => void (process.exitCode = code),
    (error: unknown) => {
      console.error(`ovth: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    },
  );
}
