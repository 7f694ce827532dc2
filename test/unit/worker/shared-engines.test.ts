import { expect, test } from 'vitest';
import { SharedEngines, type EngineUser } from '../../../src/worker/shared-engines';

/** A user, and what it was told. */
function newUser() {
  const told: unknown[] = [];
  const user: EngineUser = {
    onProgress: ({ phase }) => told.push(phase),
    onWarning: (message) => told.push(message),
  };
  return { user, told };
}

/** Engines whose loads end when the test says so; `log` tells what is done with them. */
function newEngines() {
  const log: string[] = [];
  const loads: { resolve: () => void; reject: (error: Error) => void; signal: AbortSignal }[] = [];
  const load =
    (name: string) =>
    ({ signal, onProgress, onWarning }: EngineUser & { readonly signal: AbortSignal }) => {
      log.push(`load ${name}`);
      onProgress({ phase: 'weights', loadedBytes: 1, totalBytes: 2 });
      const engine = {
        name,
        dispose: async () => void log.push(`dispose ${name}`),
        warn: () => onWarning('late'),
      };
      return new Promise<typeof engine>((resolve, reject) => {
        loads.push({ resolve: () => resolve(engine), reject, signal });
      });
    };
  const engines = new SharedEngines<Awaited<ReturnType<ReturnType<typeof load>>>>();
  return { engines, load, loads, log };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test('users of one key share one load, are told the same, and the last who leaves frees the engine', async () => {
  const { engines, load, loads, log } = newEngines();
  const [a, b] = [newUser(), newUser()];
  const first = engines.use('key', a.user, load('engine'));
  await settled();
  const second = engines.use('key', b.user, load('another'));
  loads[0]!.resolve();
  const engine = await first.engine;
  expect(await second.engine).toBe(engine);
  engine.warn();
  expect([a.told, b.told]).toEqual([
    ['weights', 'late'],
    ['weights', 'late'],
  ]);
  await first.leave();
  await first.leave();
  engine.warn();
  expect(a.told.length).toBe(2);
  expect(b.told.length).toBe(3);
  expect(log).toEqual(['load engine']);
  await second.leave();
  expect(log).toEqual(['load engine', 'dispose engine']);
});

test('another key is another engine, and so is the same after all have left: it waits until the room is free', async () => {
  const { engines, load, loads, log } = newEngines();
  const first = engines.use('a', newUser().user, load('a'));
  const other = engines.use('b', newUser().user, load('b'));
  await settled();
  loads.forEach(({ resolve }) => resolve());
  expect([(await first.engine).name, (await other.engine).name]).toEqual(['a', 'b']);
  const left = first.leave();
  void engines.use('a', newUser().user, load('a again'));
  await left;
  await settled();
  expect(log).toEqual(['load a', 'load b', 'dispose a', 'load a again']);
});

test('a load goes on while somebody waits for it, and is aborted when nobody does', async () => {
  const { engines, load, loads, log } = newEngines();
  const [first, second] = ['x', 'y'].map((name) => engines.use('key', newUser().user, load(name)));
  await settled();
  const { signal, resolve } = loads[0]!;
  await first!.leave();
  expect(signal.aborted).toBe(false);
  const left = second!.leave();
  expect(signal.aborted).toBe(true);
  // A load that does not notice is freed all the same.
  resolve();
  await left;
  expect(log).toEqual(['load x', 'dispose x']);
});

test('a load that fails does so for all, and the next one is a new attempt', async () => {
  const { engines, load, loads, log } = newEngines();
  const uses = [1, 2].map(() => engines.use('key', newUser().user, load('bad')));
  await settled();
  loads[0]!.reject(new Error('no'));
  for (const { engine, leave } of uses) {
    await expect(engine).rejects.toThrow('no');
    await leave();
  }
  const next = engines.use('key', newUser().user, load('good'));
  await settled();
  loads[1]!.resolve();
  expect((await next.engine).name).toBe('good');
  expect(log).toEqual(['load bad', 'load good']);
});
