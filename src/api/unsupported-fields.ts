/**
 * Fields of OpenAI's API that this engine does not honour: values that change nothing are taken as they are, since clients send
 * them unasked; the rest is refused by name, since ignoring it would change what the caller gets. Data only.
 */
import type { UnsupportedField } from './request-reader';

const isText = (value: unknown): boolean => typeof value === 'string';
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;
const is =
  (...neutral: readonly unknown[]) =>
  (value: unknown): boolean =>
    neutral.includes(value);

/** What a field must be, for one whose every proper value changes nothing. */
const mustBe = (what: string): string => `it changes nothing here, but must be ${what}`;

/** Fields of a request. */
export const unsupportedFields: Readonly<Record<string, UnsupportedField>> = {
  audio: { reason: 'this engine generates text only' },
  best_of: { reason: 'no answer is chosen among several', changesNothing: is(1) },
  echo: { reason: 'the prompt is not repeated in the answer', changesNothing: is(false) },
  function_call: { reason: 'use "tool_choice"', changesNothing: is('none', 'auto') },
  functions: { reason: 'use "tools"', changesNothing: isEmptyList },
  metadata: { reason: mustBe('an object'), changesNothing: isObject },
  modalities: {
    reason: 'this engine generates text only',
    changesNothing: (value) => Array.isArray(value) && value.length === 1 && value[0] === 'text',
  },
  moderation: { reason: 'nothing is moderated here' },
  parallel_tool_calls: { reason: mustBe('true or false'), changesNothing: isBoolean },
  prediction: { reason: mustBe('an object'), changesNothing: isObject },
  prompt_cache_key: { reason: mustBe('a string'), changesNothing: isText },
  prompt_cache_options: { reason: mustBe('an object'), changesNothing: isObject },
  prompt_cache_retention: { reason: mustBe('a string'), changesNothing: isText },
  reasoning_effort: { reason: 'it depends on the model; say it in a message' },
  response_format: {
    reason: 'it must be an object with a type',
    changesNothing: (value) => isObject(value) && (value as { type?: unknown }).type === 'text',
  },
  safety_identifier: { reason: mustBe('a string'), changesNothing: isText },
  service_tier: { reason: mustBe('a string'), changesNothing: isText },
  store: { reason: mustBe('true or false'), changesNothing: isBoolean },
  suffix: { reason: 'text is only continued at its end', changesNothing: is('') },
  tool_choice: { reason: "it must be one of OpenAI's choices", changesNothing: is('none', 'auto') },
  tools: { reason: 'it must be a list', changesNothing: isEmptyList },
  verbosity: { reason: mustBe('a string'), changesNothing: isText },
  web_search_options: { reason: 'there is no web search' },
};

/** Fields of a message, most of which clients copy from an answer into the history. */
export const unsupportedMessageFields: Readonly<Record<string, UnsupportedField>> = {
  annotations: { reason: mustBe('a list'), changesNothing: Array.isArray },
  audio: { reason: 'this engine generates text only' },
  function_call: { reason: 'use "tool_calls"' },
  name: { reason: mustBe('a string'), changesNothing: isText },
  parsed: { reason: '', changesNothing: () => true },
  reasoning: { reason: mustBe('a string'), changesNothing: isText },
  reasoning_content: { reason: mustBe('a string'), changesNothing: isText },
  tool_call_id: { reason: 'it belongs to a message of the role tool' },
  tool_calls: {
    reason: 'it must be a list, in a message of the role assistant',
    changesNothing: isEmptyList,
  },
};

/** Fields of a text part beside its text. */
export const unsupportedPartFields: Readonly<Record<string, UnsupportedField>> = {
  annotations: { reason: mustBe('a list'), changesNothing: Array.isArray },
  cache_control: { reason: mustBe('an object'), changesNothing: isObject },
  prompt_cache_breakpoint: { reason: mustBe('an object'), changesNothing: isObject },
};
