/** The special tokens that tokenizer_config.json names, in either of its two spellings. */
import { asObject, asString, type JsonObject } from '../util/json';

/** Names under which tokenizer_config.json lists one token each, and chat templates know them. */
const names = ['bos_token', 'eos_token', 'unk_token', 'pad_token', 'sep_token', 'cls_token', 'mask_token'];

/** The text of each named special token that is set; a value is a string or an object with `content`. */
export function namedSpecialTokens(tokenizerConfig: JsonObject): Record<string, string> {
  const tokens: Record<string, string> = {};
  for (const name of names) {
    const text = tokenText(tokenizerConfig[name]);
    if (text !== undefined) tokens[name] = text;
  }
  return tokens;
}

/** The texts under `additional_special_tokens`. */
export function additionalSpecialTokens(tokenizerConfig: JsonObject): string[] {
  const list = tokenizerConfig.additional_special_tokens;
  return Array.isArray(list) ? list.map(tokenText).filter((text) => text !== undefined) : [];
}

function tokenText(value: unknown): string | undefined {
  return asString(value) ?? asString(asObject(value)?.content);
}
