/** From what a step reported to the numbers and the line of the gate: pure. */

/**
 * Counts a Vitest run from its JSON report. A run that reports nothing, ran no test, or exited with an error of its own
 * (a file that did not load, an unhandled rejection) counts at least one failure.
 * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests?: number, numTodoTests?: number } | undefined} report
 * @param {number | null} code the exit code
 */
export function countVitest(report, code) {
  const {
    numPassedTests: passed = 0,
    numFailedTests = 0,
    numPendingTests = 0,
    numTodoTests = 0,
  } = report ?? {};
  const isBroken = report === undefined || code !== 0 || passed === 0;
  return {
    passed,
    failed: Math.max(numFailedTests, isBroken ? 1 : 0),
    skipped: numPendingTests + numTodoTests,
  };
}

/**
 * What tests say of what they could not run, or on what they ran: their lines that begin with 'not run, ' or 'ran on '.
 * @param {string} output
 */
export function notesOf(output) {
  const lines = output.split('\n').filter((line) => /^(not run, |ran on )/.test(line));
  return [...new Set(lines)].join('; ');
}

/** '3 passed', '3 passed, 1 failed', '3 passed, 2 skipped': what is zero is left out, but for the passed. */
function describeCounts({ passed, failed, skipped }) {
  return [`${passed} passed`, failed && `${failed} failed`, skipped && `${skipped} skipped`]
    .filter(Boolean)
    .join(', ');
}

/** One line: the mark, the step, its counts, its seconds and its note. */
export function summarize(name, result, durationMs) {
  const mark = result.failed > 0 ? '✗' : '✓';
  const seconds = `${(durationMs / 1000).toFixed(1)} s`;
  return `${mark} ${name.padEnd(8)} ${seconds.padStart(8)}  ${describeCounts(result)}  ${result.note}`.trimEnd();
}
