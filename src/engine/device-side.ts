/**
 * What of an engine stands on the device, and how it is replaced under running requests: all of it when the device is lost,
 * the runner alone when other heads become unstable. The pages on the host outlive both.
 */
import { hasSameHeads } from '../cache/cache-layout';
import type { PageId } from '../cache/page';
import { Device } from '../gpu/device';
import type { ModelConfig } from '../config/model-config';
import type { ModelSource } from '../source/model-source';
import { destroyWeights } from '../weights/weights';
import { asError, EngineError } from '../util/errors';
import type { CacheEvent } from '../runner/cache-event';
import type { LoadedOptions } from './engine-options';
import type { LoopRequest } from '../loop/loop-request';
import type { MeasuredProfile } from '../stability/measured-profile';
import { optionsInForce } from '../runner/plan-steps';
import { planMemory, type KvOptions, type MemoryPlan, type PlanInput } from '../runner/memory-plan';
import { ModelRunner } from '../runner/model-runner';
import type { Trace } from '../runner/trace';
import { prepare, type EngineParts } from './prepare';
import {
  recoveryDelaysMs,
  savedSequences,
  unrecoveredError,
  type RecoveryEvent,
  type SavedSequence,
} from './recovery';
import { SequenceStore } from '../loop/sequence-store';
import { StepLoop } from '../loop/step-loop';

/** What stays the same whatever becomes of the device. */
interface DeviceSideContext {
  readonly source: ModelSource;
  readonly config: ModelConfig;
  readonly options: LoadedOptions;
  readonly onRecovery: (event: RecoveryEvent) => void;
}

/** What goes on on another runner. */
interface Paused {
  readonly loop: StepLoop;
  readonly saved: readonly SavedSequence[];
}

/** Owns the device and everything on it, and the store of pages outside it. */
export class DeviceSide {
  readonly #context: DeviceSideContext;
  #parts: EngineParts;
  #kv: KvOptions;
  /** What gave way when the engine was loaded: pages that are there keep their format and their place. */
  readonly #inForce: KvOptions;
  /** Not while one is replaced by the next. */
  #hasRunner = true;
  #store: SequenceStore;
  #loop: StepLoop;
  #listener: ((event: CacheEvent) => void) | undefined;
  #trace: Trace | undefined;
  /** The end of what replaces something, of one after the other. */
  #replacing: Promise<void> = Promise.resolve();
  #numRecoveries = 0;
  /** Why there is no device any more. */
  #failure: EngineError | undefined;
  #isStopped = false;

  constructor(context: DeviceSideContext, parts: EngineParts) {
    this.#context = context;
    this.#parts = parts;
    this.#kv = context.options.kv;
    const { gaveWay, cache } = parts.runner.plan;
    this.#inForce = { ...optionsInForce(gaveWay), format: cache.format };
    this.#store = new SequenceStore(parts.runner.cache);
    this.#loop = this.#newLoop();
    this.#recoverWhenLost();
  }

  get device(): Device {
    return this.#parts.device;
  }

  get runner(): ModelRunner {
    return this.#parts.runner;
  }

  get loop(): StepLoop {
    return this.#loop;
  }

  /** What `MatrixFormats` calls the formats of the weights. */
  get weightFormats(): string {
    return this.#parts.weightFormats;
  }

  /** Digest of the weights' bytes: the same on every device. */
  get weightsId(): string {
    return this.#parts.weightsId;
  }

  /** Kernel variants that the self-test found wrong on this GPU. */
  get refusedVariants(): readonly string[] {
    return this.#parts.refusedVariants;
  }

  /** Lost devices that were replaced. */
  get numRecoveries(): number {
    return this.#numRecoveries;
  }

  /** What a memory plan for this device is made from: the options in force, those of the head profile included, and `changes`. */
  planInput(changes?: KvOptions): PlanInput {
    const { device, runner } = this.#parts;
    const { config, options } = this.#context;
    return {
      config,
      weightBytes: runner.plan.gpuBytes.weights,
      maxBindingBytes: device.maxBindingBytes,
      kv: { ...this.#kv, ...changes },
      keptFormat: options.keptFormat,
      isInt8: runner.plan.activations.isInt8,
    };
  }

  /** Resolves when nothing is being replaced. @throws EngineError `device-lost`, `disposed` */
  async ready(): Promise<void> {
    let seen;
    do {
      seen = this.#replacing;
      await seen;
    } while (seen !== this.#replacing);
    const end = this.#end;
    if (end) throw end;
    if (this.#context.options.recovery === false) this.device.throwIfFailed();
  }

  /** Queues a request. It goes on on the next loop where this one is being replaced, and fails where there will be none. */
  add(request: LoopRequest): void {
    const end = this.#end;
    if (end) request.fail(end);
    else this.#loop.add(request);
  }

  /** Why nobody is served any more. */
  get #end(): EngineError | undefined {
    return this.#isStopped ? disposedError() : this.#failure;
  }

  /** Tells `listener` what happens in the cache, on this runner and those that follow it, or nobody any more. */
  watch(listener: ((event: CacheEvent) => void) | undefined): void {
    this.#listener = listener;
    this.runner.watch(listener);
  }

  /** Notes in `trace` what is done, on this runner and those that follow it, or nothing any more. */
  traceTo(trace: Trace | undefined): void {
    this.#trace = trace;
    this.runner.traceTo(trace);
  }

  /**
   * Goes over to the unstable heads of a measured profile that is due, on the same device; does nothing where they are the
   * same, and where they would not fit, which is a warning. Resolves when all is ready again. What else fails is mended as a lost
   * device is.
   * @throws EngineError `device-lost`, `disposed`
   */
  async changeHeads(measured: MeasuredProfile): Promise<void> {
    this.#replacing = this.#replacing.then(() => this.#changeHeads(measured));
    await this.ready();
  }

  /** Ends all requests; resolves when nothing runs. Nobody is served any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#loop.abortAll(disposedError());
    await this.#replacing;
    await this.#loop.idle();
  }

  /** Frees everything, on the GPU, the host and the disk; call it when `stop` has resolved. */
  async close(): Promise<void> {
    if (!this.#failure) this.#release();
    await this.#parts.hostStore.close();
  }

  /** Frees everything on the GPU. */
  #release(): void {
    if (this.#hasRunner) this.runner.destroy();
    this.#hasRunner = false;
    destroyWeights(this.#parts.weights);
    this.device.destroy();
  }

  #newLoop(): StepLoop {
    const { device, runner } = this.#parts;
    const isLost = () => this.#context.options.recovery !== false && device.isLost();
    return new StepLoop(runner, this.#store, runner.plan.activations.maxRows, isLost);
  }

  #recoverWhenLost(): void {
    if (this.#context.options.recovery === false) return;
    void this.device.lost.then((error) => {
      // A device may be lost again before all is back: one recovery follows the other.
      this.#replacing = this.#replacing.then(() => this.#recover(error));
    });
  }

  /** Another device, the weights again, the pages from the host; requests go on where they were. Never rejects. */
  async #recover(lost: EngineError): Promise<void> {
    // What stops does not wait for a loss that comes later: it frees all itself.
    if (this.#isStopped) return;
    const { onRecovery } = this.#context;
    onRecovery({ phase: 'lost', error: lost });
    const paused = await this.#pause();
    this.#release();
    try {
      await this.#replaceDevice();
    } catch (error) {
      this.#failure = this.#isStopped ? disposedError() : unrecoveredError(error);
      for (const request of paused.loop.takeRequests()) request.fail(this.#failure);
      onRecovery({ phase: 'failed', error: this.#failure });
      return;
    }
    this.#recoverWhenLost();
    await this.#resume(paused);
    this.#numRecoveries++;
    onRecovery({ phase: 'recovered' });
  }

  /** Halts the loop: what of its sequences the host has in full, and the loop, whose requests go on on another runner. */
  async #pause(): Promise<Paused> {
    const { runner, hostStore } = this.#parts;
    const loop = this.#loop;
    await loop.halt();
    // What is on its way to the disk arrives; what was on its way from a lost GPU is lost with it.
    await runner.settled().catch(() => undefined);
    const { cache } = runner;
    const pagesOf = (index: number) => cache.pagesOf(index);
    const saved = savedSequences(this.#store.sequences, pagesOf, hostStore, (sequence) =>
      loop.numLasting(sequence),
    );
    const kept = new Set(saved.flatMap(({ ids }) => ids));
    const all = Array.from({ length: cache.shape.numPageIds }, (_, id) => id as PageId);
    hostStore.drop(all.filter((id) => !kept.has(id)));
    cache.onFree = () => undefined;
    runner.observer?.endAll();
    return { loop, saved };
  }

  async #resume({ loop, saved }: Paused): Promise<void> {
    // Not before there is another loop: requests may still have come to this one.
    const requests = loop.takeRequests();
    for (const { tokens, origin, ids } of saved) {
      // Pages that the host lost meanwhile, or a device that is lost again: the tokens are prefilled instead.
      await this.#loop.restore(tokens, () => undefined, { ids, origin }).catch(() => undefined);
    }
    for (const request of requests) if (!request.isOver()) this.#loop.add(request);
  }

  /** Another runner, of the same device or another, with a loop of its own. */
  #replaceParts(parts: EngineParts): void {
    this.#parts = parts;
    this.#hasRunner = true;
    this.#store = new SequenceStore(parts.runner.cache);
    this.#loop = this.#newLoop();
    this.runner.watch(this.#listener);
    this.runner.traceTo(this.#trace);
  }

  async #changeHeads(measured: MeasuredProfile): Promise<void> {
    const headProfile = measured.due;
    if (!headProfile || this.#isStopped || this.#failure || !this.#hasRunner) return;
    const parts = this.#parts;
    const { compiler, weights, hostStore } = parts;
    const { config, options } = this.#context;
    const former = this.runner;
    const { contextTokens, cache } = former.plan;
    let plan: MemoryPlan;
    try {
      plan = planMemory(this.planInput({ ...this.#inForce, headProfile, contextTokens }));
    } catch (error) {
      measured.decline();
      options.onWarning?.(`The measured head profile is not applied. ${asError(error).message}`);
      return;
    }
    measured.apply();
    this.#kv = { ...this.#kv, headProfile };
    if (hasSameHeads(plan.cache, cache)) return;
    const paused = await this.#pause();
    former.destroy();
    this.#hasRunner = false;
    try {
      const runner = await ModelRunner.create(
        { compiler, config, weights, plan, store: hostStore },
        former.observer,
      );
      this.#replaceParts({ ...parts, runner });
    } catch (error) {
      options.onWarning?.(`The measured head profile was not applied at once. ${asError(error).message}`);
      this.device.handle.destroy();
      // Until then nobody knows that a recovery is to be waited for.
      await this.device.lost;
      return;
    }
    await this.#resume(paused);
  }

  /** @throws what the last attempt failed with */
  async #replaceDevice(): Promise<void> {
    const { source, config, options, onRecovery } = this.#context;
    const { gpu, weights, compute, onWarning } = options;
    const kv = { ...this.#kv, ...this.#inForce };
    const again = {
      gpu,
      kv,
      ...(weights && { weights }),
      ...(compute && { compute }),
      ...(onWarning && { onWarning }),
    };
    const former = { store: this.#parts.hostStore, observer: this.runner.observer };
    let failure: unknown;
    for (const delayMs of recoveryDelaysMs) {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      if (this.#isStopped) throw disposedError();
      onRecovery({ phase: 'recovering' });
      let device: Device | undefined;
      try {
        device = await Device.request(options);
        const parts = await prepare(device, config, source, again, former);
        if (parts.weightsId !== this.#parts.weightsId) {
          parts.runner.destroy();
          destroyWeights(parts.weights);
          throw new EngineError(
            'weights-corrupt',
            'The GPU device was lost, and the model has other weights now than those it was loaded with. Load it again.',
          );
        }
        this.#replaceParts(parts);
        return;
      } catch (error) {
        failure = (await device?.reasonOf(error)) ?? error;
        device?.destroy();
      }
    }
    throw failure;
  }
}

/** The error of what is asked of an engine that is no more. */
export function disposedError(): EngineError {
  return new EngineError('disposed', 'This engine was disposed; load a new one.');
}
