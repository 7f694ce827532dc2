/** What the library needs of the device side of an engine: `engine/device-side` is it, and stands above. */
import type { Device } from '../gpu/device';
import type { LoopRequest } from '../loop/loop-request';
import type { StepLoop } from '../loop/step-loop';
import type { ModelRunner } from '../runner/model-runner';

/** Another device brings another runner and loop: they are asked for anew each time. */
export interface DocumentDevice {
  readonly device: Device;
  readonly runner: ModelRunner;
  readonly loop: StepLoop;
  /** Resolves when nothing is being replaced. @throws EngineError `device-lost`, `disposed` */
  ready(): Promise<void>;
  /** Queues a request. It goes on on the next loop where this one is being replaced, and fails where there will be none. */
  add(request: LoopRequest): void;
}
