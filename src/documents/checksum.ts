/** A fast 32-bit checksum: it finds torn, shortened and altered records; it is no defence against somebody who means it. */

/** The checksum of bytes; another `seed` gives another one, so that a record in the wrong place is found too. */
export function checksum(bytes: Uint8Array, seed = 0): number {
  const numWords = bytes.byteLength >>> 2;
  // Records begin at a multiple of four in their buffers, as a rule; where one does not, a copy does.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, numWords);
  // Two lanes: each multiplication waits for the one before it in its lane only.
  let even = seed ^ 0x9e3779b9;
  let odd = seed ^ 0x85ebca6b;
  let i = 0;
  for (; i + 1 < numWords; i += 2) {
    even = mix(even, words[i]!);
    odd = mix(odd, words[i + 1]!);
  }
  if (i < numWords) even = mix(even, words[i]!);
  for (let at = 4 * numWords; at < aligned.byteLength; at++) odd = mix(odd, aligned[at]!);
  return finish(mix(even, odd) ^ bytes.byteLength);
}

function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x01000193);
  return product ^ (product >>> 15);
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
