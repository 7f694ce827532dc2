interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests?: number;
  readonly numTodoTests?: number;
}
export function countVitest(report: VitestReport | undefined, code: number | null): Counts;
export function describeCounts(counts: Counts): string;
export function summarize(
  name: string,
  result: Counts & { readonly note: string },
  durationMs: number,
): string;
