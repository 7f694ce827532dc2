/** How the commands that developers run begin and end. */
import { UsageError } from './options';

/**
 * Runs a command. Exit code 0: done, unless it has set another; 2: called wrongly, with one line on stderr; 1: the rest.
 * @param endsProcess ends the process even if something keeps it alive, as Dawn does
 */
export function runCommand(
  main: () => Promise<void>,
  { endsProcess = false }: { endsProcess?: boolean } = {},
): void {
  main()
    .catch((error: unknown) => {
      process.exitCode = error instanceof UsageError ? 2 : 1;
      console.error(error instanceof UsageError ? error.message : error);
    })
    .finally(() => {
      if (endsProcess) process.exit();
    });
}
