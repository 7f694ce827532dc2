/** The small files of a model's folder that are about text. */
import type { ModelSource } from '../source/model-source';
import { digestOf } from '../weights/content-digest';
import { ChatTemplate } from '../tokenizer/chat-template';
import { Tokenizer } from '../tokenizer/tokenizer';
import { EngineError } from '../util/errors';

/** What a model folder says about text. */
export interface TextFiles {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** Digest of what the files say. */
  readonly id: string;
}

/**
 * Tokenizer and chat template.
 * @throws EngineError `model-unsupported`, `network`; the signal's reason when aborted
 */
export async function readTextFiles(source: ModelSource, signal?: AbortSignal): Promise<TextFiles> {
  const names = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'] as const;
  const texts = await Promise.all(names.map((name) => source.readText(name, signal)));
  const [tokenizer, tokenizerConfig, chatTemplate] = texts;
  const tokenizerJson = parseJson('tokenizer.json', required('tokenizer.json', tokenizer));
  const tokenizerConfigJson = parseJson('tokenizer_config.json', tokenizerConfig);
  return {
    tokenizer: Tokenizer.fromJson(tokenizerJson, tokenizerConfigJson),
    template: ChatTemplate.fromFiles(chatTemplate, tokenizerConfigJson),
    id: await digestOf([JSON.stringify(texts)]),
  };
}

function required(name: string, text: string | undefined): string {
  if (text === undefined) throw new EngineError('model-unsupported', `The model folder has no ${name}.`);
  return text;
}

function parseJson(name: string, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError('model-unsupported', `The model's ${name} is not valid JSON.`, { cause });
  }
}
