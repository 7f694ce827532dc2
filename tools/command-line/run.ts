/** How the commands that developers run begin and end. */
import { isUsageCode, UsageError } from './usage-error.mjs';

/**
 * Runs a command. Exit code 0: done, unless it has set another; 2: called wrongly, or with a
 * model that cannot be used, with one line on stderr; 1: the rest.
 * @param endsProcess ends the process even if something keeps it alive, as Dawn does
 */
export function runCommand(
  main: () => Promise<void>,
  { endsProcess = false }: { endsProcess?: boolean } = {},
): void {
  main()
    .catch((error: unknown) => {
      const isUsage =
        error instanceof UsageError || isUsageCode((error as { code?: unknown } | undefined)?.code);
      process.exitCode = isUsage ? 2 : 1;
      console.error(isUsage ? (error as Error).message : error);
    })
    .finally(() => {
      if (endsProcess) process.exit();
    });
}
