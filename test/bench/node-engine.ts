/** The engine in this process, on Dawn for Node, as the benchmark drives it. */
import { EngineCore } from '../../src/engine/engine';
import type { GenerationRequest } from '../../src/loop/generation';
import type { KvOptions } from '../../src/runner/memory-plan';
import type { BenchEngine } from './measure';
import type { BenchModel } from './models';

/** A `BenchEngine` with the engine itself, for what only this runner can look at. */
export interface NodeEngine extends BenchEngine {
  readonly core: EngineCore;
  /** `onFirstToken` is called when the first token has arrived. */
  complete(promptIds: readonly number[], maxTokens: number, onFirstToken?: () => void): Promise<void>;
}

/** Loads a model. @throws what `EngineCore.load` throws */
export async function openNodeEngine(gpu: GPU, model: BenchModel, kv: KvOptions): Promise<NodeEngine> {
  const onWarning = (message: string) => console.error(message.split('\n', 1)[0]);
  const core = await EngineCore.load(model.source, { gpu, weights: model.weights, kv, onWarning });
  return {
    core,
    isSoftware: core.device.features.has('software'),
    async complete(ids, maxTokens, onFirstToken) {
      let numTokens = 0;
      let isFirst = true;
      for await (const event of core.generate(requestOf(ids, maxTokens))) {
        if (event.kind === 'delta' && isFirst) {
          isFirst = false;
          onFirstToken?.();
        }
        if (event.kind === 'end') numTokens = event.numCompletionTokens;
      }
      if (numTokens !== maxTokens) throw new Error(`${numTokens} tokens were generated, not ${maxTokens}.`);
    },
    stats: () => Promise.resolve(core.stats()),
    dispose: () => core.dispose(),
  };
}

function requestOf(ids: readonly number[], maxTokens: number): GenerationRequest {
  return {
    prompt: { kind: 'ids', ids: [...ids] },
    maxTokens,
    stop: [],
    isExact: false,
    ignoreEos: true,
    sampling: {
      temperature: 0,
      topP: 1,
      topK: 0,
      minP: 0,
      repetitionPenalty: 1,
      frequencyPenalty: 0,
      presencePenalty: 0,
      seed: 0,
      logitBias: [],
    },
  };
}
