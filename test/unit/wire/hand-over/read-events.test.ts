import { expect, test } from 'vitest';
import { readEvents } from '../../../../src/wire/hand-over/read-events';

/** The events of a stream that comes in pieces of so many bytes. */
async function eventsOf(text: string, pieceBytes: number): Promise<object[]> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, (at += pieceBytes)));
    },
  });
  const events: object[] = [];
  for await (const value of readEvents(stream)) events.push(value);
  return events;
}

const finish = { choices: [{ delta: {}, finish_reason: 'stop' }] };
const event = (data: unknown) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}`;

test.each([1, 3, 1000])('events are read however they are cut, in pieces of %i', async (pieceBytes) => {
  const text = [': a comment', event({ a: 'ü' }), 'event: x\ndata: {"b":\ndata: 2}', event('[DONE]'), ''];
  for (const end of ['\n\n', '\r\n\r\n']) {
    expect(await eventsOf(text.join(end), pieceBytes)).toEqual([{ a: 'ü' }, { b: 2 }]);
  }
});

test('a stream ends with [DONE], or behind the reason of its end; else it broke off', async () => {
  expect(await eventsOf(`${event(finish)}\n\n`, 1000)).toEqual([finish]);
  const broken = { code: 'network', message: expect.stringContaining('broke off') as string };
  for (const text of [
    '',
    `${event({ choices: [{ delta: {}, finish_reason: null }] })}\n\n`,
    `${event(finish)}\n\ndata: {"choi`,
    `${event('no JSON')}\n\n`,
    `${event('7')}\n\n`,
    `${event({ error: { message: 'Overloaded' } })}\n\n`,
  ]) {
    await expect(eventsOf(text, 1000)).rejects.toMatchObject(broken);
  }
});
