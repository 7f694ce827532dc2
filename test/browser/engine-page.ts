/** Runs in a page: engines to load and ask at the command of the test. */
import { Engine, EngineError, type LoadOptions } from '../../src/index';

let engine: Engine | undefined;

/** What the test may ask of the page. */
export const commands = {
  async load(options: LoadOptions): Promise<void> {
    engine = await Engine.load('/models/test/', options);
  },

  /** Loads through the shared worker of all pages. */
  async loadShared(options: LoadOptions): Promise<void> {
    const worker = new SharedWorker(new URL('./shared-worker.ts', import.meta.url), { type: 'module' });
    await commands.load({ ...options, worker });
  },

  /** The code of the error that a load fails with whose shared worker has this script; undefined where it does not. */
  async sharedFailure(script: string): Promise<string | undefined> {
    return commands.loadFailure({ worker: new SharedWorker(script, { type: 'module' }) });
  },

  /** The token ids of greedy answers of six each, by an engine in the one thread of a shared worker; or what it failed with. */
  async answerInThread(prompts: number[][]): Promise<number[][] | string> {
    const { port } = new SharedWorker(new URL('./shared-worker.ts', import.meta.url), {
      type: 'module',
      name: 'in-thread',
    });
    const answered = new Promise<MessageEvent<number[][] | string>>((resolve) => (port.onmessage = resolve));
    port.postMessage(prompts);
    return (await answered).data;
  },

  /** What a load would come to: whether anything speaks against it, its context, and the bytes of its weights. */
  async check(options: Pick<LoadOptions, 'kv'>) {
    const { error, plan, downloadBytes, isSoftwareAdapter } = await Engine.check('/models/test/', options);
    return { code: error?.code, contextTokens: plan?.contextTokens, downloadBytes, isSoftwareAdapter };
  },

  /** The token ids of a greedy answer. */
  async answer(promptIds: number[], numTokens: number): Promise<number[]> {
    const { choices } = await engine!.completions.create({
      prompt: promptIds,
      max_tokens: numTokens,
      temperature: 0,
      ignore_eos: true,
      return_token_ids: true,
    });
    return choices[0]!.token_ids!;
  },

  /** The code of the error that a load fails with; undefined where it does not. */
  async loadFailure(options: LoadOptions): Promise<string | undefined> {
    try {
      await commands.load(options);
      return undefined;
    } catch (error) {
      return error instanceof EngineError ? error.code : String(error);
    }
  },

  /** Three streams that nobody reads until all are made, as text; and what two that are wrong are refused with. */
  async streams(prompts: number[][], numTokens: number) {
    const create = (prompt: number[], signal?: AbortSignal) =>
      engine!.completions.create(
        {
          prompt,
          max_tokens: numTokens,
          temperature: 0,
          ignore_eos: true,
          return_token_ids: true,
          stream: true,
        },
        signal && { signal },
      );
    const refused = await Promise.all(
      [create([99_999]), create(Array.from({ length: 5000 }, () => 5))].map((made) =>
        made.then(
          () => 'made',
          (error: unknown) => (error instanceof Error ? `${error.name} ${error.message}` : String(error)),
        ),
      ),
    );
    const controller = new AbortController();
    const stopped = await create(prompts[0]!, controller.signal);
    controller.abort('enough');
    const reason = await stopped.next().then(
      () => 'a chunk',
      (error: unknown) => error,
    );
    const left = await create(prompts[0]!);
    await left.return();
    const streams = [];
    for (const prompt of prompts) streams.push(await create(prompt));
    // All of them run by themselves: nothing is read before nothing runs any more.
    while ((await engine!.stats()).requests.running > 0) await new Promise((done) => setTimeout(done, 20));
    const answers: number[][] = [];
    for (const stream of streams) {
      const ids: number[] = [];
      for await (const { choices } of stream) ids.push(...(choices[0]?.token_ids ?? []));
      answers.push(ids);
    }
    return { refused, reason, answers };
  },

  /** The events of a trace of one answer. */
  async traced(promptIds: number[], numTokens: number) {
    const stop = await engine!.trace();
    const second = await engine!.trace().then(
      () => 'taken',
      (error: unknown) => (error as Error).name,
    );
    await commands.answer(promptIds, numTokens);
    const file = JSON.parse(await (await stop()).text()) as {
      traceEvents: { name: string; ph: string; cat?: string; ts: number; dur?: number }[];
    };
    return { second, events: file.traceEvents };
  },

  async stats() {
    return engine!.stats();
  },

  async dispose(): Promise<void> {
    await engine!.dispose();
  },
};

Object.assign(globalThis, { commands });
