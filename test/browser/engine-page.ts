/** Runs in a page: engines to load and ask at the command of the test. */
import { Engine, EngineError, type LoadOptions } from '../../src/index';

let engine: Engine | undefined;

/** What the test may ask of the page. */
export const commands = {
  async load(options: LoadOptions): Promise<void> {
    engine = await Engine.load('/models/test/', options);
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

  async stats() {
    return engine!.stats();
  },

  async dispose(): Promise<void> {
    await engine!.dispose();
  },
};

Object.assign(globalThis, { commands });
