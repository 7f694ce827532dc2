/** Runs in a page: engines to load and ask at the command of the test. */
import { Engine, type LoadOptions } from '../../src/index';

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

  async stats() {
    return engine!.stats();
  },

  async dispose(): Promise<void> {
    await engine!.dispose();
  },
};

Object.assign(globalThis, { commands });
