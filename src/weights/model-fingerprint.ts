/** A name for a model's content that is the same wherever its folder lies: head profiles find their model by it. */
import type { ModelSource } from '../source/model-source';
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
  const file = index === undefined ? singleFileName : parseShardIndex(index).files[0]!;
  const parts: BlobPart[] = [`${config}\n`, ...(await readHead(source, file, signal))];
  return `sha256:${await sha256Hex(parts, 32)}`;
}

/** The first bytes of a file, `headBytes` or all of them; none when there is no such file. */
async function readHead(source: ModelSource, name: string, signal: AbortSignal | undefined) {
  const opened = await source.open(name, { headBytes, ...(signal && { signal }) });
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
