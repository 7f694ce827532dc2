/** A name for a model's content that is the same wherever its folder lies: head profiles find their model by it. */
import type { ModelSource, OpenOptions } from '../source/model-source';
import { sha256Hex } from '../util/sha256';
import { indexFileName, parseShardIndex, singleFileName } from './shard-index';

/** Bytes of the weights' start that count: the header, and values behind it, which training changes. */
const headBytes = 256 * 1024;

/**
 * `sha256:` and 32 hexadecimal digits from the configuration and the start of the first weight file.
 * @throws EngineError `network`, `weights-corrupt`; the signal's reason when aborted
 */
export async function fingerprintModel(source: ModelSource, signal?: AbortSignal): Promise<string> {
  const [config = '', index] = await Promise.all(
    ['config.json', indexFileName].map((name) => source.readText(name, signal)),
  );
  const [name, offsetBytes] = startOfValues(source, index);
  // Where the file begins, its header and what follows are one small request.
  const opening = { ...(offsetBytes > 0 ? { offsetBytes } : { headBytes }), ...(signal && { signal }) };
  const parts: BlobPart[] = [`${config}\n`, ...(await readStart(source, name, opening))];
  return `sha256:${await sha256Hex(parts, 32)}`;
}

/** The first weight file and the byte to read it from: headers of GGUF files are in the configuration already. */
function startOfValues(
  { gguf }: ModelSource,
  index: string | undefined,
): [name: string, offsetBytes: number] {
  if (gguf) return [gguf.files[0]!.name, gguf.files[0]!.dataBytes];
  return [index === undefined ? singleFileName : parseShardIndex(index).files[0]!, 0];
}

/** The first bytes that a file is opened at, `headBytes` or all of them; none when there is no such file. */
async function readStart(source: ModelSource, name: string, options: OpenOptions) {
  const opened = await source.open(name, options);
  if (!opened) return [];
  const reader = opened.stream.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let numBytes = 0;
  while (numBytes < headBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value.subarray(0, headBytes - numBytes));
    numBytes += parts.at(-1)!.length;
  }
  await reader.cancel();
  return parts;
}
