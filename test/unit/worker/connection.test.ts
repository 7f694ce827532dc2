import { expect, test } from 'vitest';
import { EngineError } from '../../../src/util/errors';
import { Connection } from '../../../src/worker/connection';
import { endpointOf } from '../../../src/worker/elsewhere';
import { serveEngine } from '../../../src/worker/serve-engine';

const ignore = () => undefined;

test('a port to a server of engines carries calls and errors; its end is told to those who wait', async () => {
  const { port1, port2 } = new MessageChannel();
  serveEngine(port2);
  const connection = new Connection(port1, false, ignore);
  await expect(connection.call('stats', undefined)).rejects.toMatchObject({
    name: 'EngineError',
    code: 'disposed',
  });
  // What is not of the protocol does not matter to either side.
  for (const nonsense of [null, 'text', { kind: 'unknown' }]) {
    port1.postMessage(nonsense);
    port2.postMessage(nonsense);
  }
  await connection.call('dispose', undefined);
  const waiting = connection.call('stats', undefined);
  port2.close();
  await expect(waiting).rejects.toMatchObject({ code: 'worker-failed' });
  expect(connection.isClosed).toBe(true);
});

test('one endpoint is for one engine at a time, and is closed with it where it can be', () => {
  const { port1 } = new MessageChannel();
  const done = new EngineError('disposed', 'Done.');
  const closed: string[] = [];
  const endpoint = Object.assign(port1, { close: () => closed.push('port') });
  const connection = new Connection(endpoint, false, ignore);
  expect(() => new Connection(endpoint, false, ignore)).toThrow(/has an engine/);
  connection.close(done);
  expect(closed).toEqual(['port']);
  new Connection(endpoint, false, ignore).close(done);
});

test('a shared worker is asked through its port, and tells when its script cannot be had', async () => {
  const { port1, port2 } = new MessageChannel();
  serveEngine(port2);
  const worker = Object.assign(new EventTarget(), { port: port1 });
  expect(endpointOf(port1)).toBe(port1);
  const endpoint = endpointOf(worker);
  expect(endpointOf(worker)).toBe(endpoint);
  const connection = new Connection(endpoint, false, ignore);
  await expect(connection.call('stats', undefined)).rejects.toMatchObject({ code: 'disposed' });
  const waiting = connection.call('check', { location: 'http://localhost:1/', settings: {} });
  worker.dispatchEvent(new Event('error'));
  await expect(waiting).rejects.toMatchObject({ code: 'worker-failed' });
});
