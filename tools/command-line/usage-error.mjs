/** What is the fault of whoever calls a command: one line, exit code 2. Without a build step, since `ask` runs without one. */

/** A mistake in how a command was called: one line for the person who did, exit code 2. */
export class UsageError extends Error {}

/** Codes of errors that are the fault of the model or of the options, not of the machine. */
const usageCodes = new Set([
  'model-unsupported',
  'weights-corrupt',
  'network',
  'context-too-long',
  'gpu-memory',
  'limit-too-small',
  'TypeError',
  'RangeError',
]);

/**
 * Whether an engine's error of this code is the caller's.
 * @param {unknown} code
 */
export function isUsageCode(code) {
  return typeof code === 'string' && usageCodes.has(code);
}

/**
 * What was wrong with a command line that Node's `parseArgs` refused, in one sentence.
 * @param {unknown} error
 */
export function usageErrorOf(error) {
  const message = /** @type {Error} */ (error).message;
  const option = /^Option '(?:-\w, )?(--[\w-]+).*' argument is ambiguous/.exec(message)?.[1];
  if (option)
    return new UsageError(`${option} has no value; one that begins with '-' is written ${option}=-….`);
  // Node goes on to explain how to pass values that start with '-': its first sentence is what is wrong.
  const [sentence = ''] = message.split(/\.?\n|\. To /);
  return new UsageError(sentence.replace(/\.?$/, '.'));
}
