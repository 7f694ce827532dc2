/** Bytes to text, in the encodings that documents come in: pure. */

const byteOrderMarks: readonly (readonly [encoding: string, mark: readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/** The encoding that a byte order mark at the start names. */
function markedEncoding(bytes: Uint8Array): string | undefined {
  return byteOrderMarks.find(([, mark]) => mark.every((byte, index) => bytes[index] === byte))?.[0];
}

/** Whether the bytes hold no text in any encoding read here: a NUL occurs, and no mark says UTF-16. */
export function isBinary(bytes: Uint8Array): boolean {
  return markedEncoding(bytes) === undefined && bytes.subarray(0, 65_536).includes(0);
}

function decoderFor(label: string): TextDecoder | undefined {
  try {
    return new TextDecoder(label);
  } catch {
    // A label that no browser knows: the document named its encoding wrongly.
    return undefined;
  }
}

/**
 * The text, never with unpaired surrogates: by its byte order mark, then as `label` says, then as UTF-8, and where it is none
 * as windows-1252, in which every byte means something.
 */
export function decodeText(bytes: Uint8Array, label?: string): string {
  const marked = markedEncoding(bytes);
  if (marked) return new TextDecoder(marked).decode(bytes);
  const isUtf8 = label === undefined || /^utf-?8$/i.test(label);
  const named = isUtf8 ? undefined : decoderFor(label);
  if (named) return named.decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** The encoding that an XML declaration or an HTML `meta` names in the first kilobyte. */
export function declaredEncoding(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder('windows-1252').decode(bytes.subarray(0, 1024));
  const match = /<\?xml[^>]*\bencoding\s*=\s*["']([\w-]+)|<meta[^>]*\bcharset\s*=\s*["']?\s*([\w-]+)/i.exec(
    head,
  );
  const label = match?.[1] ?? match?.[2];
  // A declaration that can be read byte by byte is not in UTF-16, whatever it says.
  return label && /^utf-?16/i.test(label) ? 'utf-8' : label;
}
