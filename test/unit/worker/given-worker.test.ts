/** Workers that callers bring. */
import { expect, test } from 'vitest';
import { Engine } from '../../../src/index';

test('a worker that fails while a part of the library is fetched is told as one that did not start', async () => {
  const { port1: port } = new MessageChannel();
  const listeners: ((event: Event) => void)[] = [];
  const addEventListener = (_: 'error', listener: (event: Event) => void) => void listeners.push(listener);
  const loading = Engine.load('https://example.org/model/', {
    worker: { port, addEventListener },
  });
  // Once, as browsers do: who listens later hears nothing.
  expect(listeners).toHaveLength(1);
  listeners[0]!(new Event('error'));
  await expect(loading).rejects.toMatchObject({ code: 'worker-failed' });
  port.close();
});
