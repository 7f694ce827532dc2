import { describe, expect, it } from 'vitest';
import { ShardReader } from '../../../src/weights/shard-reader';

const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);

/** A stream of chunks of these sizes; `log` takes the reason of a cancellation. */
function streamOf(sizes: readonly number[], log: unknown[] = []): ReadableStream<Uint8Array<ArrayBuffer>> {
  let offset = 0;
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      if (next === sizes.length) controller.close();
      else controller.enqueue(bytes.slice(offset, (offset += sizes[next++]!)));
    },
    cancel: (reason) => void log.push(reason),
  });
}

const readerOf = (sizes: readonly number[], log?: unknown[]) =>
  new ShardReader('f', { sizeBytes: undefined, stream: streamOf(sizes, log) });

describe('ShardReader', () => {
  it.each([[[100]], [[1, 0, 2, 0, 97]], [new Array<number>(100).fill(1)]])(
    'cuts chunks of %j',
    async (sizes) => {
      const reader = readerOf(sizes);
      const [first, second] = [new Uint8Array(7), new Uint8Array(60)];
      await reader.read(first);
      await reader.skip(33);
      await reader.read(second);
      expect([...first, ...second]).toEqual([...bytes.slice(0, 7), ...bytes.slice(40)]);
      expect(reader.positionBytes).toBe(100);
      await reader.requireEnd();
      await reader.close();
    },
  );

  it('names the file that ends early, and the one that does not end', async () => {
    await expect(readerOf([50]).read(new Uint8Array(51))).rejects.toMatchObject({
      code: 'weights-corrupt',
      message: expect.stringMatching(/'f' ends after 50 bytes/) as string,
    });
    await expect(
      readerOf([50, 0, 1])
        .skip(50)
        .then(() => 0),
    ).resolves.toBe(0);
    const long = readerOf([50, 0, 1]);
    await long.skip(50);
    await expect(long.requireEnd()).rejects.toMatchObject({ code: 'weights-corrupt' });
  });

  it('cancels the stream when it is closed before the end', async () => {
    const log: unknown[] = [];
    const reader = readerOf([50, 50], log);
    await reader.skip(10);
    await reader.close();
    expect(log).toHaveLength(1);
  });

  it('passes on what the stream errors with', async () => {
    const error = new Error('broken');
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => controller.error(error),
    });
    const reader = new ShardReader('f', { sizeBytes: 9, stream });
    await expect(reader.skip(1)).rejects.toBe(error);
    await reader.close();
  });

  it('stops a read that waits when the signal is aborted', async () => {
    const log: unknown[] = [];
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: (reason) => void log.push(reason) });
    const abort = new AbortController();
    const reader = new ShardReader('f', { sizeBytes: 9, stream }, { signal: abort.signal });
    const pending = reader.skip(1);
    abort.abort('enough');
    await expect(pending).rejects.toBe('enough');
    expect(log).toEqual(['enough']);
    await reader.close();
  });
});
