/** Log-probabilities in OpenAI's two forms. */
import type { StepLogprobs, TokenLogprob } from '../loop/generation';
import type { ChatCompletionTokenLogprob, TopLogprob } from './chat-completions';
import type { CompletionLogprobs } from './completions';

/** The chat form: one entry for each token. */
export function chatLogprobs(
  steps: readonly StepLogprobs[],
  hasTokenIds: boolean,
): ChatCompletionTokenLogprob[] {
  return steps.map((step) => ({
    ...topLogprob(step, hasTokenIds),
    top_logprobs: step.top.map((token) => topLogprob(token, hasTokenIds)),
  }));
}

/** The legacy form: parallel lists. `offset` is where the first token's text begins. */
export function legacyLogprobs(
  steps: readonly StepLogprobs[],
  offset: number,
  hasTokenIds: boolean,
): CompletionLogprobs {
  let end = offset;
  return {
    tokens: steps.map((step) => step.text),
    token_logprobs: steps.map((step) => step.logprob),
    top_logprobs: steps.map(likeliestByText),
    text_offset: steps.map((step) => {
      const start = end;
      end += step.text.length;
      return start;
    }),
    ...(hasTokenIds && { content: chatLogprobs(steps, true) }),
  };
}

function topLogprob(token: TokenLogprob, hasTokenIds: boolean): TopLogprob {
  const { id, text, logprob, bytes } = token;
  return { token: text, logprob, bytes, ...(hasTokenIds && { token_id: id }) };
}

/** The likeliest tokens and the chosen one by their text; a later, likelier one replaces an earlier one of the same text. */
function likeliestByText(step: StepLogprobs): Record<string, number> {
  const tokens = [...step.top, step].sort((a, b) => a.logprob - b.logprob);
  return Object.fromEntries(tokens.map((token) => [token.text, token.logprob]));
}
