/** Legacy completion requests: checked field by field, and turned into what the engine takes. */
import type { Prompt } from '../loop/generation';
import { checkedInteger, RequestReader, type UnsupportedField } from './request-reader';
import { unsupportedFields } from './unsupported-fields';
import type { ValidatedRequest } from './validate-chat-request';
import { readCommonOptions, type RequestContext } from './validate-options';

const known: Readonly<Record<string, UnsupportedField>> = {
  ...unsupportedFields,
  document: { reason: 'it belongs to a conversation; use engine.chat.completions.create' },
  max_completion_tokens: { reason: 'it belongs to chat completions; use "max_tokens"' },
  messages: { reason: 'they belong to a conversation; use engine.chat.completions.create' },
  top_logprobs: { reason: 'it belongs to chat completions; "logprobs" is the number here' },
};

/**
 * Checks a completion request from anywhere and fills in the defaults.
 * @throws TypeError for a wrong type or an unknown field; RangeError for a value out of range; EngineError `unsupported` for what
 * this engine cannot do; each a sentence that names the field.
 */
export function validateCompletionRequest(value: unknown, context: RequestContext = {}): ValidatedRequest {
  const reader = new RequestReader(value, 'The completion request');
  const prompt = readPrompt(reader, context.vocabSize);
  const { response, maxTokens, ...options } = readCommonOptions(reader, context);
  const logprobs = reader.integer('logprobs', { min: 0, max: 20 });
  reader.refuseRest(known);
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
  const given = reader.take('prompt');
  // Some clients send a list whatever there is to send.
  const isLone = Array.isArray(given) && given.length === 1 && typeof given[0] !== 'number';
  const value: unknown = isLone ? given[0] : given;
  if (typeof value === 'string') return { kind: 'text', text: value };
  if (!Array.isArray(value)) {
    throw reader.wrongType('prompt', 'a string or a list of token ids', value);
  }
  if (value.length === 0) throw new RangeError('"prompt" must have at least one token id.');
  if (value.some((item) => typeof item === 'string' || Array.isArray(item))) {
    throw reader.unsupported('prompt', 'a request has one prompt');
  }
  const range = { min: 0, max: vocabSize - 1 };
  return {
    kind: 'ids',
    ids: Array.from(value, (id: unknown, i) => checkedInteger(id, `prompt[${i}]`, range)),
  };
}
