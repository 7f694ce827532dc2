/** A model source over a folder on this machine's disk, for benchmarks under Node. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ModelSource } from '../../src/source/model-source';

/** Streams the folder's files as they are read. */
export function diskSource(folder: string): ModelSource {
  return {
    id: `disk:${folder}`,
    readText: (name) => orUndefined(readFile(join(folder, name), 'utf8')),
    open: async (name, { offsetBytes = 0 } = {}) => {
      const path = join(folder, name);
      const info = await orUndefined(stat(path));
      if (!info) return undefined;
      const file = createReadStream(path, { start: offsetBytes, highWaterMark: 1 << 20 });
      const stream = Readable.toWeb(file) as ReadableStream<Uint8Array<ArrayBuffer>>;
      return { sizeBytes: info.size, stream };
    },
  };
}

/** The result, or undefined when there is no such file. */
async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
