/** The engine in this process, on Dawn for Node, as the benchmark drives it. */
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/runner/memory-plan';
import { askEngine, loadEngine } from '../node/harness';
import { requestOf } from '../node/requests';
import type { BenchEngine } from './measure';
import type { BenchModel } from './models';

/** A `BenchEngine` with the engine itself, for what only this runner can look at. */
export interface NodeEngine extends BenchEngine {
  readonly core: EngineCore;
  /** `onFirstToken` is called when the first token has arrived. */
  complete(promptIds: readonly number[], maxTokens: number, onFirstToken?: () => void): Promise<void>;
}

/** Loads a model. @throws what `EngineCore.load` throws */
export async function openNodeEngine({ source, weights }: BenchModel, kv: KvOptions): Promise<NodeEngine> {
  const core = await loadEngine(source, { ...(weights && { weights }), kv });
  return {
    core,
    isSoftware: core.device.features.has('software'),
    async complete(ids, maxTokens, onFirstToken) {
      let isFirst = true;
      const { end } = await askEngine(core, requestOf(ids, { maxTokens, ignoreEos: true }), () => {
        if (isFirst) onFirstToken?.();
        isFirst = false;
      });
      const numTokens = end.numCompletionTokens;
      if (numTokens !== maxTokens) throw new Error(`${numTokens} tokens were generated, not ${maxTokens}.`);
    },
    stats: () => Promise.resolve(core.stats()),
    dispose: () => core.dispose(),
  };
}
