/** Runs a stress scenario on a real engine and says everything that is not as it must be. */
import { vi } from 'vitest';
import type { EngineCore } from '../../../src/engine/engine';
import type { GenerationRequest } from '../../../src/loop/generation';
import { planMemory, type KvOptions } from '../../../src/runner/memory-plan';
import type { Device } from '../../../src/gpu/device';
import { parseModelConfig } from '../parse-config';
import { asError } from '../../../src/util/errors';
import { checkIntegrity } from '../../../tools/util/check-integrity';
import { leastGpuBytes, loadEngine } from '../engine';
import { gpu } from '../gpu-setup';
import {
  architectureModel,
  modelConfigJson,
  tinyLlamaModel,
  type ModelFolder,
} from '../../../tools/tiny-models/models';
import { randomSource } from '../../../tools/util/random';
import { sharedGpu } from '../shared-gpu';
import { isAllowed, StressReason } from './allowed-errors';
import { addHostFaults } from './host-faults';
import { LoneEngine } from './lone-engine';
import { describeOperation, type Operation, type Scenario } from './scenario';

/** An answer as far as its caller read it. */
interface Heard {
  readonly request: GenerationRequest;
  readonly tokenIds: number[];
  text: string;
  /** How it ended; undefined: its caller did not hear that. */
  finishReason?: string;
  numCached?: number;
  /** Tokens that it had when the device was lost: what is selected after a recovery may differ. */
  numBeforeLoss?: number;
  /** Whether another engine is asked the same: not where a part of a document is asked about. */
  readonly isWhole: boolean;
}

/** What a scenario came to. */
export interface Outcome {
  /** In words; none if all is well. */
  readonly problems: readonly string[];
  readonly numAnswers: number;
  /** Of those, the ones that were compared with the lone engine's. */
  readonly numCompared: number;
}

/** Far longer than any scenario takes: then what hangs is named. */
const deadlineMs = 180_000;

/**
 * Runs callers to their ends, checks what stands then, asks again what was asked last, and compares every answer with that of an
 * engine that does nothing else. Replaces what vitest can restore.
 */
export async function runScenario(scenario: Scenario): Promise<Outcome> {
  const run = new ScenarioRun(scenario);
  const onUnhandled = (reason: unknown) => run.problems.add(`unhandled: ${textOf(reason)}`);
  process.on('unhandledRejection', onUnhandled);
  try {
    await run.all();
  } finally {
    process.off('unhandledRejection', onUnhandled);
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  }
  return { problems: [...run.problems], numAnswers: run.numAnswers, numCompared: run.numCompared };
}

class ScenarioRun {
  readonly problems = new Set<string>();
  numCompared = 0;
  readonly #scenario: Scenario;
  readonly #model: ModelFolder;
  readonly #heard: Heard[] = [];
  readonly #devices = new Set<Device>();
  /** Operations that are under way. */
  readonly #open = new Set<string>();
  readonly #fate = { isDisposed: false, isLost: false, isSound: false };
  #engine!: EngineCore;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const { model } = scenario;
    this.#model = model === 'tiny-llama' ? tinyLlamaModel() : architectureModel(model);
  }

  get numAnswers(): number {
    return this.#heard.length;
  }

  async all(): Promise<void> {
    const { seed, callers, faults, clock, hasDisk } = this.#scenario;
    if (!hasDisk) vi.stubGlobal('indexedDB', undefined);
    await this.#load();
    const mend = addHostFaults(this.#engine.runner.hostStore, faults, randomSource(seed + 5));
    if (clock === 'slow') {
      let now = 0;
      vi.spyOn(performance, 'now').mockImplementation(() => (now += 10_000));
    }
    await this.#within(Promise.all(callers.map((operations) => this.#call(operations))), 'callers');
    vi.restoreAllMocks();
    if (this.#isServing) {
      await this.#within(this.#quiet(), 'coming to rest');
      this.#checkRest();
      mend();
      this.#fate.isSound = true;
      await this.#within(this.#askAgain(), 'asking again');
      await this.#within(this.#quiet(), 'coming to rest again');
      this.#checkRest();
    }
    await this.#within(this.#engine.dispose(), 'dispose');
    for (const { buffers } of this.#devices) {
      if (buffers.use.total > 0) this.problems.add(`${buffers.use.total} bytes are left after dispose`);
    }
    vi.unstubAllGlobals();
    await this.#compare();
  }

  /** Whether the engine answers still. */
  get #isServing(): boolean {
    return !this.#fate.isDisposed && (this.#scenario.recovers || !this.#fate.isLost);
  }

  async #load(): Promise<void> {
    const { callers, recovers } = this.#scenario;
    const isLosing = callers.flat().some(({ kind }) => kind === 'lose');
    this.#engine = await loadEngine(this.#model, {
      gpu: isLosing ? gpu : sharedGpu,
      weights: 'f32',
      kv: this.#limits(),
      recovery: recovers,
      // A platform without a disk is warned of.
      onWarning: () => undefined,
    });
    this.#watch();
    this.#engine.onRecovery(({ phase, error }) => {
      if (phase === 'recovered') this.#watch();
      if (phase === 'failed' && !this.#fate.isDisposed) this.problems.add(`no recovery: ${textOf(error)}`);
      if (phase !== 'lost') return;
      for (const heard of this.#heard) {
        if (heard.finishReason === undefined) heard.numBeforeLoss ??= heard.tokenIds.length;
      }
    });
  }

  /** The options with their limits in bytes: a little more than the least of the GPU, some pages on the host. */
  #limits(): KvOptions {
    const { kv, hostPages, spareBytes } = this.#scenario;
    const gpuBytes = leastGpuBytes(this.#model, kv) + spareBytes;
    if (hostPages === undefined) return { ...kv, gpuBytes };
    const config = parseModelConfig(modelConfigJson(this.#model));
    const plan = planMemory({ config, weightBytes: 0, maxBindingBytes: 2 ** 27, kv: { ...kv, gpuBytes } });
    const { contextBytes, cache } = plan;
    const pageBytes = Math.max(1, (contextBytes.host + contextBytes.disk) / cache.maxPages);
    return { ...kv, gpuBytes, hostBytes: Math.floor(hostPages * pageBytes) };
  }

  /** Live bytes against the plan at every submission on the device that is there now. */
  #watch(): void {
    const { device, runner } = this.#engine;
    this.#devices.add(device);
    const { recorder, plan } = runner;
    const submit = recorder.submit.bind(recorder);
    device.buffers.resetPeak();
    recorder.submit = () => {
      const { peakTotal, live } = device.buffers.use;
      if (peakTotal > plan.totalGpuBytes) {
        this.problems.add(
          `live bytes ${JSON.stringify(live)} where ${JSON.stringify(plan.gpuBytes)} were planned`,
        );
      }
      submit();
    };
  }

  async #call(operations: readonly Operation[]): Promise<void> {
    for (const operation of operations) {
      const text = describeOperation(operation);
      this.#open.add(text);
      try {
        await this.#do(operation);
      } catch (error) {
        const isFine = isAllowed(error, operation, this.#scenario, this.#fate);
        if (!isFine) this.problems.add(`${text}: ${textOf(error)}`);
      }
      this.#open.delete(text);
    }
  }

  async #do(operation: Operation): Promise<unknown> {
    const engine = this.#engine;
    switch (operation.kind) {
      case 'wait':
        return new Promise((resolve) => setTimeout(resolve, operation.ms));
      case 'look':
        engine.stats();
        return engine.cacheMap();
      case 'lose':
        this.#fate.isLost = true;
        engine.device.handle.destroy();
        return undefined;
      case 'dispose':
        this.#fate.isDisposed = true;
        return engine.dispose();
      case 'add': {
        const controller = new AbortController();
        const { abortMs, id, text } = operation;
        if (abortMs !== undefined) setTimeout(() => controller.abort(new StressReason()), abortMs);
        return (await engine.documents()).add(id, text, { signal: controller.signal });
      }
      case 'open':
        return (await engine.documents()).open(operation.id);
      case 'delete':
        return (await engine.documents()).delete(operation.id);
      case 'export':
        return (await engine.documents()).library.export(operation.id);
      case 'answer':
        return this.#answer(operation);
    }
  }

  async #answer({ request, end }: Extract<Operation, { kind: 'answer' }>): Promise<void> {
    const controller = new AbortController();
    const abort = () => controller.abort(new StressReason());
    const heard: Heard = { request, tokenIds: [], text: '', isWhole: await this.#isAboutAll(request) };
    this.#heard.push(heard);
    if (end?.ms !== undefined) setTimeout(abort, end.ms);
    for await (const event of this.#engine.generate(request, controller.signal)) {
      if (event.kind === 'start') heard.numCached = event.numCachedTokens;
      else if (event.kind === 'end') heard.finishReason = event.finishReason;
      else {
        heard.tokenIds.push(...event.tokenIds);
        heard.text += event.text;
        if (end?.tokens === undefined || heard.tokenIds.length < end.tokens) continue;
        if (end.by === 'leave') return;
        abort();
      }
    }
  }

  /** Of a document that is being read only a part is asked about. */
  async #isAboutAll({ prompt }: GenerationRequest): Promise<boolean> {
    if (prompt.kind !== 'chat' || !prompt.document || !('id' in prompt.document)) return true;
    const { library } = await this.#engine.documents();
    const info = await library.find(prompt.document.id);
    return info !== undefined && library.describe(info).state === 'complete';
  }

  /** Resolves when nothing runs, and nothing is on its way to the host. */
  async #quiet(): Promise<void> {
    for (;;) {
      const { loop, runner } = this.#engine;
      await loop.idle();
      // A device that was lost a moment ago is waited for in the next round.
      await runner.settled().catch(() => undefined);
      if (loop === this.#engine.loop && loop.isIdle && !(await this.#engine.device.isLost())) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #checkRest(): void {
    const { cache } = this.#engine.runner;
    try {
      checkIntegrity(cache);
    } catch (error) {
      this.problems.add(textOf(error));
    }
    for (let sequence = 0; sequence < cache.shape.numSequences; sequence++) {
      const numKept = cache.stableHeads(sequence).reduce((sum, { slots }) => sum + slots.length, 0);
      if (numKept > 0) this.problems.add(`stable heads of sequence ${sequence} rest with ${numKept} slots`);
    }
  }

  /** What was left in the cache serves those who come later. */
  async #askAgain(): Promise<void> {
    const last = this.#heard.slice(-6).map(({ request }): Operation => ({ kind: 'answer', request }));
    await Promise.all([this.#call(last.slice(0, 3)), this.#call(last.slice(3))]);
  }

  async #compare(): Promise<void> {
    const comparable = this.#heard.filter((heard) => heard.tokenIds.length > 0 && this.#isComparable(heard));
    if (comparable.length === 0) return;
    const lone = await LoneEngine.load(this.#model, this.#scenario);
    for (const heard of comparable) {
      this.numCompared++;
      const { tokenIds, text, end } = await lone.answer(heard.request);
      const isWhole = heard.finishReason !== undefined && heard.numBeforeLoss === undefined;
      const length = heard.numBeforeLoss ?? heard.tokenIds.length;
      const same = isWhole
        ? heard.text === text && heard.finishReason === end.finishReason && length === tokenIds.length
        : true;
      const at = heard.tokenIds.slice(0, length).findIndex((id, i) => id !== tokenIds[i]);
      if (same && at < 0) continue;
      const { request, ...rest } = heard;
      const wanted = { tokenIds, text, finishReason: end.finishReason };
      this.problems.add(
        `token ${at} of ${describeOperation({ kind: 'answer', request })}: ${JSON.stringify(rest)}, alone ${JSON.stringify(wanted)}`,
      );
    }
    await lone.dispose();
  }

  /** Sparse follow-ups select among what is cached, and heads that were measured may have changed. */
  #isComparable({ numCached, isWhole }: Heard): boolean {
    const { followUp, measureStability } = this.#scenario.kv;
    if (followUp === 'sparse' && numCached !== 0) return false;
    return isWhole && measureStability === false;
  }

  async #within<T>(work: Promise<T>, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const { numRunning, numWaiting, isIdle } = this.#engine.loop;
        const loop = JSON.stringify({ numRunning, numWaiting, isIdle });
        reject(new Error(`It hangs in ${what}: loop ${loop}; ${[...this.#open].join('; ')}`));
      }, deadlineMs);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function textOf(thrown: unknown): string {
  const error = asError(thrown);
  return error.stack ?? error.message;
}
