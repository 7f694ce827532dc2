/** A short name for the content of a model's files, so that stored documents find their model again. */
import { sha256Hex } from '../util/sha256';

/** Bytes of a file's start that are hashed: configurations whole, weight files' headers and first rows. */
const headBytes = 256 * 1024;
const sampleBytes = 4096;
/** Samples of the rest, evenly spread: fine-tuned weights differ in them where headers are alike. */
const numSamples = 16;

/** 32 hexadecimal digits from names, sizes and samples of the files' bytes; their order does not matter. */
export async function folderId(files: Iterable<readonly [name: string, file: Blob]>): Promise<string> {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const parts: BlobPart[] = [];
  for (const [name, file] of sorted) {
    parts.push(`${JSON.stringify(name)} ${file.size}\n`, file.slice(0, headBytes));
    for (let i = 1; i <= numSamples && file.size > headBytes; i++) {
      const start = Math.floor(((file.size - sampleBytes) * i) / numSamples);
      parts.push(file.slice(start, start + sampleBytes));
    }
  }
  return sha256Hex(parts, 32);
}
