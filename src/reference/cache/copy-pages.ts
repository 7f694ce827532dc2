/** CPU twin of cache/copy-pages. */

/** `destination` after `list` pairs (source page, destination page) of `wordsPerPage` words. */
export function copyPages(
  source: Uint32Array,
  destination: Uint32Array,
  list: Uint32Array,
  wordsPerPage: number,
): Uint32Array<ArrayBuffer> {
  const result = Uint32Array.from(destination);
  for (let i = 0; i < list.length; i += 2) {
    const from = list[i]! * wordsPerPage;
    result.set(source.subarray(from, from + wordsPerPage), list[i + 1]! * wordsPerPage);
  }
  return result;
}
