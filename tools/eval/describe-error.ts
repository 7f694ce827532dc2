/** Errors as one line for a person. */

/** The message, with the code or name that says what kind of error it is. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return `${error.message.split('\n', 1)[0]!} (${code})`;
}
