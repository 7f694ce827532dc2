/** The engine in this process, under Dawn for Node, with options as callers of the library give them. */
import { EngineCore } from '../../src/engine/engine';
import type { ModelSource } from '../../src/source/model-source';
import { checkLoadOptions, type LoadOptions } from '../../src/worker/load-options';

/** Loads a model, with the same check of options at the door as in a page. @throws what `EngineCore.load` throws */
export function loadEngine(
  gpu: GPU,
  source: ModelSource,
  kv: Readonly<Record<string, unknown>>,
  disabledFeatures: NonNullable<LoadOptions['disabledFeatures']> = [],
): Promise<EngineCore> {
  const { kv: checked = {} } = checkLoadOptions({ kv, disabledFeatures });
  const onWarning = (message: string) => console.error(message.split('\n', 1)[0]);
  return EngineCore.load(source, { gpu, kv: checked, disabledFeatures, onWarning });
}
