/** Legacy completion requests: checked field by field, and turned into what the engine takes. */
import type { Prompt } from '../loop/generation';
import { checkedInteger, RequestReader } from './request-reader';
import type { ValidatedRequest } from './validate-chat-request';
import { readCommonOptions, unsupportedFields, type RequestContext } from './validate-options';

const reasons: Readonly<Record<string, string>> = {
  ...unsupportedFields,
  document: 'it belongs to a conversation; use engine.chat.completions.create',
  max_completion_tokens: 'it belongs to chat completions; use "max_tokens"',
  messages: 'they belong to a conversation; use engine.chat.completions.create',
  top_logprobs: 'it belongs to chat completions; "logprobs" is the number here',
};

/**
 * Checks a completion request from anywhere and fills in the defaults.
 * @throws TypeError for a wrong type, an unknown field or one that is not supported; RangeError for a value out of range; each a
 * sentence that names the field.
 */
export function validateCompletionRequest(value: unknown, context: RequestContext = {}): ValidatedRequest {
  const reader = new RequestReader(value, 'The completion request');
  const prompt = readPrompt(reader, context.vocabSize);
  const { response, maxTokens, ...options } = readCommonOptions(reader, context);
  const logprobs = reader.integer('logprobs', { min: 0, max: 20 });
  reader.refuseRest(reasons);
  return {
    request: {
      prompt,
      ...(maxTokens !== undefined && { maxTokens }),
      ...options,
      ...(logprobs !== undefined && { logprobs }),
    },
    response,
  };
}

function readPrompt(reader: RequestReader, vocabSize = Number.MAX_SAFE_INTEGER): Prompt {
  const value = reader.take('prompt');
  if (typeof value === 'string') return { kind: 'text', text: value };
  if (!Array.isArray(value)) {
    throw reader.wrongType('prompt', 'a string or a list of token ids', value);
  }
  if (value.length === 0) throw new RangeError('"prompt" must have at least one token id.');
  if (value.some((item) => typeof item === 'string' || Array.isArray(item))) {
    throw new TypeError('"prompt" must be one prompt: a list of several prompts is not supported.');
  }
  const range = { min: 0, max: vocabSize - 1 };
  return {
    kind: 'ids',
    ids: Array.from(value, (id: unknown, i) => checkedInteger(id, `prompt[${i}]`, range)),
  };
}
