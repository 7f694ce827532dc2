/** OpenAI's own types fit ours: what the compiler says is the test, and that the values pass the door too. */
import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import { validateChatRequest } from '../../../src/api/validate-chat-request';
import { validateCompletionRequest } from '../../../src/api/validate-completion-request';
import type { ChatCompletion, ChatCompletionRequest, CompletionRequest } from '../../../src/index';

test('requests typed for OpenAI are requests of ours', () => {
  const chat: OpenAI.ChatCompletionCreateParams = {
    model: 'gpt-4o-mini',
    messages: [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Hi' }], name: 'Ann' },
      { role: 'assistant', content: null, refusal: 'No.' },
      { role: 'user', content: 'Why?' },
    ],
    response_format: { type: 'text' },
    stream: true,
    stream_options: { include_usage: true, include_obfuscation: false },
  };
  const ours: ChatCompletionRequest = chat;
  expect(validateChatRequest(ours).response.isStream).toBe(true);
  const completion: OpenAI.CompletionCreateParams = { model: 'x', prompt: ['Once'] };
  const legacy: CompletionRequest = completion;
  expect(validateCompletionRequest(legacy).request.prompt).toEqual({ kind: 'text', text: 'Once' });
});

test("an answer's message goes back into the history, in OpenAI's types and in ours", () => {
  const { message } = {
    message: { role: 'assistant', content: 'Hello.', refusal: null },
  } satisfies Pick<ChatCompletion['choices'][0], 'message'>;
  const theirs: OpenAI.ChatCompletionMessageParam = message;
  const parsed = { ...message, annotations: [], parsed: null } satisfies object;
  const ours: ChatCompletionRequest = { messages: [message, theirs, parsed] };
  expect(validateChatRequest(ours).request.prompt).toMatchObject({
    messages: Array(3).fill({ role: 'assistant', content: 'Hello.' }),
  });
  const asTheirs = (answer: ChatCompletion): OpenAI.ChatCompletion => answer;
  expect(asTheirs).toBeTypeOf('function');
});
