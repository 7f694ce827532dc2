/** An answer's body of which the beginning is wanted first, and all of it later: it is read once. */

type Bytes = Uint8Array<ArrayBuffer>;

/** A body whose beginning stays in memory until all is read. */
export class HeldBody {
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  readonly #parts: Bytes[] = [];
  #numBytes = 0;
  #isAtEnd = false;
  #hasFailed = false;

  constructor(body: ReadableStream<Bytes>) {
    this.#reader = body.getReader();
  }

  /** Whether it broke off: then there is no rest. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The first `numBytes`, or all where there are no more. @throws what the body errors with */
  async head(numBytes: number): Promise<Bytes> {
    try {
      while (this.#numBytes < numBytes && !this.#isAtEnd) {
        const { done, value } = await this.#reader.read();
        if (done) this.#isAtEnd = true;
        else {
          this.#parts.push(value);
          this.#numBytes += value.length;
        }
      }
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
    const head = new Uint8Array(Math.min(numBytes, this.#numBytes));
    let offset = 0;
    for (const part of this.#parts) {
      head.set(part.subarray(0, head.length - offset), offset);
      offset = Math.min(head.length, offset + part.length);
    }
    return head;
  }

  /** All of the body from its first byte on; to be called once, and nothing after it. */
  replay(): ReadableStream<Bytes> {
    const parts = this.#parts;
    const reader = this.#reader;
    return new ReadableStream(
      {
        async pull(controller) {
          const part = parts.shift();
          if (part) {
            controller.enqueue(part);
            return;
          }
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }
}
