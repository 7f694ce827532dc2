/** Server-sent events as a server of OpenAI's API sends them: the JSON of each, up to `[DONE]`. */
import { EngineError } from '../../util/errors';

/**
 * The data of the events of a stream; who leaves the iteration ends the request.
 * @throws EngineError `network` for what is no such stream, or is an error that the server sends
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<object, void, undefined> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  try {
    let text = '';
    let isFinished = false;
    for (;;) {
      const { value, done } = await reader.read();
      // Some servers end without `[DONE]`, behind the event that says why the answer ended.
      if (done && isFinished && text.trim() === '') return;
      if (done) throw brokenStream('it ended before its last event');
      // A line may end with CR LF, and a piece between the two.
      text = (text + value).replace(/\r\n/g, '\n');
      const events = text.split('\n\n');
      text = events.pop()!;
      for (const event of events) {
        const data = dataOf(event);
        if (data === '[DONE]') return;
        if (data === '') continue;
        const value = parsed(data);
        isFinished ||= hasFinishReason(value);
        yield value;
      }
    }
  } finally {
    await reader.cancel();
  }
}

function hasFinishReason(value: object): boolean {
  const { choices } = value as { choices?: { finish_reason?: unknown }[] };
  return Array.isArray(choices) && typeof choices[0]?.finish_reason === 'string';
}

function dataOf(event: string): string {
  return event
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).replace(/^ /, ''))
    .join('\n');
}

function parsed(data: string): object {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw brokenStream('it has an event that is no JSON', cause);
  }
  if (typeof value !== 'object' || value === null) throw brokenStream('it has an event that is no object');
  if ('error' in value) {
    const { message } = (value.error ?? {}) as { message?: unknown };
    throw brokenStream(typeof message === 'string' ? message : 'it tells of an error');
  }
  return value;
}

function brokenStream(why: string, cause?: unknown): EngineError {
  return new EngineError('network', `The server's answer broke off: ${why}.`, { cause });
}
