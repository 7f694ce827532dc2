/** Chat templates of files without one, beside what the models' own ones write. */
import { expect, test } from 'vitest';
import { ChatTemplate } from '../../../src/tokenizer/chat-template';
import { turnTemplate } from '../../../src/tokenizer/turn-templates';

const messages = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'One?' },
  { role: 'assistant', content: 'Two.' },
  { role: 'user', content: 'Three?' },
] as const;

function render(vocabulary: readonly string[], document?: string): string {
  const template = ChatTemplate.fromFiles(turnTemplate(vocabulary), { bos_token: '<bos>' });
  const { documentPrefix, rest } = template.render({ messages, document });
  return `${documentPrefix}|${rest}`;
}

test("Gemma's turns", () => {
  const vocabulary = ['a', '<start_of_turn>', '<end_of_turn>'];
  const end =
    'Be brief.\n\nOne?<end_of_turn>\n<start_of_turn>model\nTwo.<end_of_turn>\n' +
    '<start_of_turn>user\nThree?<end_of_turn>\n<start_of_turn>model\n';
  expect(render(vocabulary)).toBe(`|<bos><start_of_turn>user\n${end}`);
  expect(render(vocabulary, 'A text.')).toMatch(/^<bos><start_of_turn>user\n\s*A text\.\|/);
});

test("ChatML's turns", () => {
  expect(render(['<|im_end|>', '<|im_start|>'])).toBe(
    '|<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nOne?<|im_end|>\n' +
      '<|im_start|>assistant\nTwo.<|im_end|>\n<|im_start|>user\nThree?<|im_end|>\n<|im_start|>assistant\n',
  );
});

test('without tokens for turns there is none', () => {
  expect(turnTemplate(['a', '<|im_start|>'])).toBeUndefined();
});
