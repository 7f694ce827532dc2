/** Where in a text its tokens begin. */
import type { Tokenizer } from './tokenizer';

/**
 * `[ids.length + 1]` offsets in UTF-16 units, ascending: token i is `text.slice(offsets[i], offsets[i + 1])`. Exact where
 * decoding the ids gives the text: a token that begins within a character begins before it, one that the encoder added is empty.
 * Where the tokenizer writes its text otherwise, as in another case, a token takes the place of as many characters.
 */
export function charOffsets(
  tokenizer: Pick<Tokenizer, 'decoder' | 'isSpecial'>,
  ids: readonly number[],
  text: string,
): Uint32Array {
  const decoder = tokenizer.decoder({ skipSpecialTokens: false });
  const offsets = new Uint32Array(ids.length + 1);
  let at = 0;
  ids.forEach((id, i) => {
    offsets[i] = at;
    const piece = decoder.push(id);
    if (text.startsWith(piece, at)) at += piece.length;
    // A space that the encoder puts after a special token is not in the text.
    else if (piece.startsWith(' ') && text.startsWith(piece.slice(1), at)) at += piece.length - 1;
    else if (!tokenizer.isSpecial(id)) at = Math.min(at + piece.length, text.length);
  });
  offsets[ids.length] = at;
  return offsets;
}
