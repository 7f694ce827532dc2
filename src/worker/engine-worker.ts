/** The worker's end of the protocol: owns the one engine and answers the page's calls. */
import { EngineCore } from '../engine/engine';
import { enginePlanOf } from '../engine/engine-plan';
import type { ReadingProgress } from '../documents/document-info';
import { openModelSource } from '../source/open-model-source';
import { assert } from '../util/assert';
import { EngineError } from '../util/errors';
import { fetched } from '../util/fetched';
import { deserializeError, serializeError } from '../api/errors';
import type { Calls, CallName, ClientMessage, WorkerMessage } from './protocol';

/** Calls that run and may be aborted. */
const running = new Map<number, AbortController>();
let engine: EngineCore | undefined;
let stopWatching: (() => void) | undefined;
let stopTrace: (() => string) | undefined;

type Handlers = {
  [N in CallName]: (
    argument: Calls[N]['argument'],
    id: number,
    signal: AbortSignal,
  ) => Promise<Calls[N]['result']>;
};

const handlers: Handlers = {
  async load({ location, settings }, id, signal) {
    assert(!engine, 'a worker loads one engine');
    const onWarning = (message: string) => send({ kind: 'warning', message });
    const source = await openModelSource(location, signal, {
      onProgress: ({ loadedBytes, totalBytes }) =>
        send({ kind: 'progress', id, progress: { phase: 'download', loadedBytes, totalBytes } }),
      onWarning,
    });
    engine = await EngineCore.load(source, {
      ...settings,
      gpu: navigator.gpu,
      signal,
      onProgress: (progress) => send({ kind: 'progress', id, progress }),
      onWarning,
    });
    engine.onRecovery(({ phase, error }) => {
      send({ kind: 'recovery', phase, ...(error && { error: serializeError(error) }) });
    });
    const { contextTokens } = engine.plan();
    const { modelId, chatTemplate } = engine;
    const { vocabSize, sampling } = engine.config;
    return { modelId, contextTokens, vocabSize, chatTemplate, sampling };
  },
  async generate(request, id, signal) {
    const events = await loaded().accept(request, signal);
    send({ kind: 'accepted', id });
    for await (const event of events) send({ kind: 'event', id, event });
    return undefined;
  },
  async check({ location, settings }, _id, signal) {
    const { checkModel } = await fetched(import('../engine/check-model'));
    const options = { ...settings, gpu: navigator.gpu, signal };
    // A model of the hub is looked at where it lies: nothing is kept of it.
    const open = () => openModelSource(location, signal, { store: undefined });
    const { error, ...known } = await checkModel(open, options);
    return { ...known, ...(error && { error: serializeError(error) }) };
  },
  async plan(options) {
    return enginePlanOf(loaded().plan(options));
  },
  async tokenize({ text, addSpecialTokens }, _id, signal) {
    return loaded().tokenize(text, addSpecialTokens, signal);
  },
  async detokenize(ids) {
    return loaded().tokenizer.decode(ids, { skipSpecialTokens: false });
  },
  async countTokens(prompt, _id, signal) {
    return loaded().countTokens(prompt, signal);
  },
  async stats() {
    return loaded().stats();
  },
  async cacheMap() {
    return loaded().cacheMap();
  },
  async watchCache(isOn) {
    stopWatching?.();
    stopWatching = isOn ? loaded().onCacheEvent((event) => send({ kind: 'cache', event })) : undefined;
    return undefined;
  },
  async startTrace() {
    stopTrace = await loaded().trace();
    return undefined;
  },
  async stopTrace() {
    return new Blob([stopTrace!()], { type: 'application/json' });
  },
  async headProfile() {
    return loaded().headProfile();
  },
  async addDocument({ id: name, text, ...options }, id, signal) {
    const onProgress = (progress: ReadingProgress) => send({ kind: 'progress', id, progress });
    return (await loaded().documents()).add(name, text, { ...options, signal, onProgress });
  },
  async listDocuments() {
    return (await loaded().documents()).library.list();
  },
  async openDocument(name, _id, signal) {
    return (await loaded().documents()).open(name, signal);
  },
  async documentText(name) {
    return (await loaded().documents()).library.text(name);
  },
  async documentPlaces(name) {
    return (await loaded().documents()).library.places(name);
  },
  async renameDocument({ id, title }) {
    await (await loaded().documents()).library.rename(id, title);
    return undefined;
  },
  async deleteDocument(name) {
    await (await loaded().documents()).delete(name);
    return undefined;
  },
  async exportDocument(name) {
    return (await loaded().documents()).library.export(name);
  },
  async importDocument(blob) {
    return (await loaded().documents()).import(blob);
  },
  async verifyDocument(name, id, signal) {
    const onProgress = (progress: ReadingProgress) => send({ kind: 'progress', id, progress });
    return (await loaded().documents()).verify(name, { signal, onProgress });
  },
  async estimateDocument(text, _id, signal) {
    return (await loaded().documents()).estimate(text, signal);
  },
  async planTogether(names, _id, signal) {
    return (await loaded().documents()).together.plan(names, signal);
  },
  async readTogether(names, id, signal) {
    const onProgress = (progress: ReadingProgress) => send({ kind: 'progress', id, progress });
    return (await loaded().documents()).together.read(names, { signal, onProgress });
  },
  async dispose() {
    await engine?.dispose();
    return undefined;
  },
};

function loaded(): EngineCore {
  if (!engine) throw new EngineError('disposed', 'No model is loaded.');
  return engine;
}

function send(message: WorkerMessage): void {
  postMessage(message);
}

async function answer<N extends CallName>(
  name: N,
  argument: Calls[N]['argument'],
  id: number,
): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    send({ kind: 'result', id, value: await handlers[name](argument, id, controller.signal) });
  } catch (error) {
    send({ kind: 'error', id, error: serializeError(error) });
  } finally {
    running.delete(id);
  }
}

addEventListener('message', ({ data }: MessageEvent<ClientMessage>) => {
  if (data.kind === 'abort') running.get(data.id)?.abort(deserializeError(data.reason));
  else void answer(data.name, data.argument, data.id);
});
