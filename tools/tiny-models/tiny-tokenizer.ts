/** A byte-level BPE tokenizer of 304 entries for the test models; Hugging Face's and llama.cpp's engines read it alike. */

const specialTokens = ['<s>', '</s>', '<|im_start|>', '<|im_end|>'];

/** In order of rank; each joins two earlier entries. `Ġ` is byte-level BPE's sign for a space. */
const merges = [
  'h e', 'i n', 'Ġ t', 'Ġ a', 'e r', 'o n', 'Ġt he', 'r e', 'a t', 'e n', 'o r', 'Ġ s', 'Ġ w', 'e s', 'Ġ o', 'i s',
  'i t', 'o u', 'Ġ f', 'e d', 'in g', 'Ġ b', 'Ġ c', 'a n', 'Ġ m', 'Ġo f', 'Ġa n', 'Ġan d', 'Ġt o', 'a l', 'a r',
  'l l', 'Ġ h', 'Ġ in', 'Ġ p', 'Ġ l', 'Ġ d', 'Ġ n', 'l e', 'Ġb e', 'Ġh e', 'a s', 'v er', 'Ġ I',
]; // prettier-ignore

/** GPT-2's printable stand-in for each byte: itself where printable, else the next character from U+0100. */
function byteCharacters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    return String.fromCharCode(isPrintable ? byte : next++);
  });
}

/** Entries by id, and what llama.cpp and `tokenizer.json` need to know beside them. */
export const tinyVocabulary = {
  tokens: [...specialTokens, ...byteCharacters(), ...merges.map((merge) => merge.replace(' ', ''))],
  numSpecial: specialTokens.length,
  merges,
  bosId: 0,
  eosId: 1,
  chatEndId: 3,
} as const;

/** ChatML, the template of the tiny models. */
export const tinyChatTemplate =
  `{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}` +
  `{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}`;

/** `tokenizer.json`: byte-level BPE that puts `<s>` first. */
export function tinyTokenizerJson(): object {
  const bos = specialTokens[0]!;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: bos, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [
        { SpecialToken: { id: bos, type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 0 } },
      ],
      special_tokens: { [bos]: { id: bos, ids: [0], tokens: [bos] } },
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tinyVocabulary.tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** `tokenizer_config.json` beside it. */
export function tinyTokenizerConfig(): object {
  return {
    add_bos_token: true,
    add_eos_token: false,
    bos_token: '<s>',
    eos_token: '</s>',
    clean_up_tokenization_spaces: false,
    model_max_length: 2048,
    tokenizer_class: 'PreTrainedTokenizerFast',
  };
}
