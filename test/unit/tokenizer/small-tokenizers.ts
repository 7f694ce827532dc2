/** Small tokenizer.json objects for tests: the two families that models use, a few tokens each. */

/** GPT-2's character of each byte, worked out from the published alphabet's three printable ranges. */
export function byteAlphabet(): string[] {
  const printable = /[!-~¡-¬®-ÿ]/;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const character = String.fromCharCode(byte);
    return printable.test(character) ? character : String.fromCharCode(next++);
  });
}

/** An added token as tokenizer.json lists it. */
export function addedToken(id: number, content: string, special = true): object {
  return { id, content, special, single_word: false, lstrip: false, rstrip: false, normalized: false };
}

/** Byte-level BPE: 256 bytes, `merges`, then `<s>`, `</s>` and the ordinary added token `<think>`. */
export function byteLevelJson(merges: string[] = []): Record<string, unknown> {
  const tokens = [...byteAlphabet(), ...merges.map((merge) => merge.replace(' ', ''))];
  const end = tokens.length;
  return {
    added_tokens: [
      addedToken(end, '<s>'),
      addedToken(end + 1, '</s>'),
      addedToken(end + 2, '<think>', false),
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
  };
}

/** SentencePiece's shape: `▁` for spaces, a prefix space, bytes as fallback. Ids: `<unk>` 0, `<s>` 1, `</s>` 2, bytes from 3. */
export function metaspaceJson(words: string[], merges: string[]): Record<string, unknown> {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
  const tokens = [
    '<unk>',
    '<s>',
    '</s>',
    ...bytes,
    ...words,
    ...merges.map((merge) => merge.replace(' ', '')),
  ];
  return {
    added_tokens: [addedToken(0, '<unk>'), addedToken(1, '<s>'), addedToken(2, '</s>')],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      byte_fallback: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}
