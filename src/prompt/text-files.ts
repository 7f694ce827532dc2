/** The small files of a model's folder that are about text. */
import type { ModelSource } from '../source/model-source';
import { digestOf } from '../weights/content-digest';
import { readJson } from '../source/read-json';
import { ChatTemplate } from '../tokenizer/chat-template';
import { endIds } from '../tokenizer/end-ids';
import { hasUnknownPattern } from '../tokenizer/pipeline';
import { Tokenizer } from '../tokenizer/tokenizer';
import { isJsonObject } from '../util/json';
import { EngineError } from '../util/errors';
import { fetched } from '../util/fetched';

/** What a model folder says about text. */
export interface TextFiles {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** Tokens that end an answer, beside those that the configuration names. */
  readonly endIds: readonly number[];
  /** Digest of what the files say. */
  readonly id: string;
}

/**
 * Tokenizer and chat template.
 * @throws EngineError `model-unsupported`, `network`; the signal's reason when aborted
 */
export async function readTextFiles(source: ModelSource, signal?: AbortSignal): Promise<TextFiles> {
  const [tokenizer, tokenizerConfig, chatTemplate] = await Promise.all([
    readJson(source, 'tokenizer.json', signal),
    readJson(source, 'tokenizer_config.json', signal),
    source.readText('chat_template.jinja', signal),
  ]);
  if (tokenizer === undefined)
    throw new EngineError('model-unsupported', 'The model folder has no tokenizer.json.');
  const matcher =
    isJsonObject(tokenizer) && hasUnknownPattern(tokenizer)
      ? await fetched(import('../tokenizer/pattern/pattern-matcher'))
      : undefined;
  const files = {
    tokenizer: Tokenizer.fromJson(tokenizer, tokenizerConfig, matcher?.PatternMatcher),
    template: ChatTemplate.fromFiles(chatTemplate, tokenizerConfig),
  };
  return {
    ...files,
    endIds: endIds(files.tokenizer, files.template),
    id: await digestOf([written([tokenizer, tokenizerConfig, chatTemplate])]),
  };
}

function written(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    // Parsing takes any depth of lists in lists, writing does not.
    throw new EngineError('model-unsupported', "The tokenizer's files nest too deep.", { cause });
  }
}
