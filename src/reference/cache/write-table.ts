/** CPU twin of cache/write-table. */

/** `table` after `list` pairs (index, value). */
export function writeTable(table: Uint32Array, list: Uint32Array): Uint32Array<ArrayBuffer> {
  const result = Uint32Array.from(table);
  for (let i = 0; i < list.length; i += 2) result[list[i]!] = list[i + 1]!;
  return result;
}
