/** Which tokens end an answer by what a model's files say about text. */
import type { ChatTemplate } from './chat-template';
import type { Tokenizer } from './tokenizer';

/** Texts of tokens that end a turn wherever they are control tokens (`special_eog_ids` of llama.cpp). */
export const endTexts: ReadonlySet<string> = new Set([
  '<|eot_id|>',
  '<|eom_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<end_of_turn>',
  '<turn|>',
  '<|endoftext|>',
  '<|end_of_text|>',
  '<end_of_utterance>',
  '<EOT>',
  '[EOT]',
]);

/** The tokenizer's `eos_token` and the ends of a turn that the chat template writes, where the vocabulary has them. */
export function endIds(tokenizer: Tokenizer, template: ChatTemplate): readonly number[] {
  const ends = [...endTexts].filter((text) => template.mentions(text)).map((text) => tokenizer.idOf(text));
  return [...new Set([tokenizer.eos?.id, ...ends])].filter((id) => id !== undefined);
}
