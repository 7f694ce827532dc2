/** What each request of a scenario is answered by an engine with room for everything, which does nothing else. */
import type { EngineCore } from '../../../src/engine/engine';
import type { GenerationRequest } from '../../../src/loop/generation';
import { assert } from '../../../src/util/assert';
import { answer, loadEngine, type Answer } from '../engine';
import { stressTexts, type Scenario } from './scenario';
import type { ModelFolder } from '../../../tools/tiny-models/models';

/** Answers from the first token on, each once, whoever asks again. */
export class LoneEngine {
  readonly #engine: EngineCore;
  readonly #known = new Map<string, Answer>();

  private constructor(engine: EngineCore) {
    this.#engine = engine;
  }

  /** An engine with the scenario's options, but for its limits. */
  static async load(model: ModelFolder, { kv }: Scenario): Promise<LoneEngine> {
    return new LoneEngine(
      await loadEngine(model, { weights: 'f32', kv: { ...kv, numSequences: 1, measureStability: false } }),
    );
  }

  async answer(request: GenerationRequest): Promise<Answer> {
    const inline = withText(request);
    const key = JSON.stringify(inline);
    const known = this.#known.get(key);
    if (known) return known;
    const { ids } = await this.#engine.encodePrompt(inline.prompt);
    this.#engine.loop.drop(ids);
    const result = await answer(this.#engine, inline);
    assert(result.end.numCachedTokens === 0, 'a lone answer begins with nothing');
    this.#known.set(key, result);
    return result;
  }

  dispose(): Promise<void> {
    return this.#engine.dispose();
  }
}

/** The same request with the text of the kept document that it is about. */
function withText(request: GenerationRequest): GenerationRequest {
  const { prompt } = request;
  if (prompt.kind !== 'chat' || !prompt.document || !('id' in prompt.document)) return request;
  return { ...request, prompt: { ...prompt, document: { text: stressTexts[prompt.document.id]! } } };
}
