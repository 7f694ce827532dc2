/** Real tokenizers that tests read where they are present; not part of the repository. */
import { existsSync, readFileSync } from 'node:fs';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';

const shared = new URL('../../../../shared/', import.meta.url);

/** One text and its ids. */
export interface Vector {
  text: string;
  /** llama.cpp's, without BOS. */
  ids: number[];
  /** Hugging Face's, where they differ. */
  hf_ids?: number[];
}

const folders = {
  smollm: 'tokenizers/smollm/',
  'phi-3-mini': 'tokenizers/phi-3-mini/',
  qwen3: 'tokenizers/qwen3/',
  stories260K: 'models/stories260K/',
} as const;

/** A tokenizer that tests can read. */
export type SharedTokenizerName = keyof typeof folders;

/** Text of a shared file; undefined where it is missing. */
export function readShared(path: string): string | undefined {
  const url = new URL(path, shared);
  return existsSync(url) ? readFileSync(url, 'utf8') : undefined;
}

/** Parsed tokenizer_config.json; undefined where there is none. */
export function sharedConfig(name: SharedTokenizerName): unknown {
  const text = readShared(`${folders[name]}tokenizer_config.json`);
  return text === undefined ? undefined : JSON.parse(text);
}

/** The tokenizer; undefined where its files are missing. */
export function sharedTokenizer(name: SharedTokenizerName): Tokenizer | undefined {
  const text = readShared(`${folders[name]}tokenizer.json`);
  return text === undefined ? undefined : Tokenizer.fromJson(JSON.parse(text), sharedConfig(name));
}

/** Texts with the ids that other engines give; undefined where they are missing. */
export function sharedVectors(name: SharedTokenizerName): Vector[] | undefined {
  const text = readShared(`tokenizers/vectors/${name}.json`);
  return text === undefined ? undefined : (JSON.parse(text) as { vectors: Vector[] }).vectors;
}

/** Says in the test's name and in one line of output whether a check on shared files ran. */
export function sharedCheck(what: string, isThere: boolean): string {
  if (!isThere) process.stdout.write(`not run, ../shared is missing: ${what}\n`);
  return isThere ? what : `${what} (not run: ../shared is missing)`;
}
