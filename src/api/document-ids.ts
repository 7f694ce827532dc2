/** Names of documents that are to be asked together. */

/**
 * The names, checked: one or more, each once.
 * @param what How messages call the list.
 * @throws TypeError, RangeError
 */
export function checkDocumentIds(ids: unknown, what: string): string[] {
  if (!Array.isArray(ids) || ids.some((id) => typeof id !== 'string'))
    throw new TypeError(`${what} must be a list of the names of documents.`);
  if (ids.length === 0 || ids.includes('') || new Set(ids).size < ids.length)
    throw new RangeError(`${what} must name one document or more, each once.`);
  return [...(ids as string[])];
}
