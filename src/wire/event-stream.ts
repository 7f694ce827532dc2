/** Server-sent events out of an async iterable: https://html.spec.whatwg.org/multipage/server-sent-events.html */

/** One event: `data` is sent as JSON, a string as it is. */
export interface ServerEvent {
  readonly event?: string;
  readonly data: unknown;
}

/**
 * The events as bytes. Reads `events` no faster than they are read; who cancels the stream leaves the iteration, and what `events`
 * throws breaks the stream off.
 */
export function eventStream(events: AsyncGenerator<ServerEvent, void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await events.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(textOf(value)));
      },
      async cancel() {
        await events.return();
      },
    },
    { highWaterMark: 0 },
  );
}

function textOf({ event, data }: ServerEvent): string {
  const line = typeof data === 'string' ? data : JSON.stringify(data);
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${line}\n\n`;
}
