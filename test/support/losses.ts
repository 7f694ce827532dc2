/** Conversations in which the device is lost at any moment, beside the same ones in which it is not. */
import type { EngineCore } from '../../src/engine/engine';
import { answer, promptOf, requestOf } from './engine';

/** A question of some tokens in a conversation, and how many tokens its answer has. */
export interface Turn {
  readonly numPrompt: number;
  readonly numAnswer: number;
}

/** Where the device is lost: in which turn of which conversation, when its answer has so many tokens. */
export interface Loss {
  readonly conversation: number;
  readonly turn: number;
  readonly numTokens: number;
}

/** What was answered, to the bit: ids and the log-probabilities of the likeliest tokens. */
export type Transcript = readonly { readonly tokenIds: number[]; readonly logprobs: unknown }[][];

/** Gives all sequences away, so that what comes next begins on an empty cache. */
export async function forgetAll(engine: EngineCore): Promise<void> {
  const { numSequences } = engine.runner.cache.shape;
  const one = (i: number) => answer(engine, requestOf([4 + i], { maxTokens: 1, ignoreEos: true }));
  await Promise.all(Array.from({ length: numSequences }, (_, i) => one(i)));
}

/** Holds conversations side by side on an empty cache; the device is destroyed at each loss. */
export async function converse(
  engine: EngineCore,
  conversations: readonly (readonly Turn[])[],
  losses: readonly Loss[] = [],
): Promise<Transcript> {
  await forgetAll(engine);
  const hold = async (turns: readonly Turn[], conversation: number) => {
    const answers: { tokenIds: number[]; logprobs: unknown }[] = [];
    let ids: number[] = [];
    for (const [turn, { numPrompt, numAnswer }] of turns.entries()) {
      ids = [...ids, ...promptOf(numPrompt, 100 * conversation + turn + 1)];
      const due = losses.filter((loss) => loss.conversation === conversation && loss.turn === turn);
      let numTokens = 0;
      const loseWhenDue = () => {
        if (due.some((loss) => loss.numTokens === numTokens)) engine.device.handle.destroy();
        numTokens++;
      };
      const request = requestOf(ids, { maxTokens: numAnswer, ignoreEos: true, logprobs: 3 });
      // Before it is asked, and at each of its tokens.
      loseWhenDue();
      const { tokenIds, logprobs } = await answer(engine, request, undefined, loseWhenDue);
      answers.push({ tokenIds, logprobs });
      ids = [...ids, ...tokenIds];
    }
    return answers;
  };
  return Promise.all(conversations.map(hold));
}
