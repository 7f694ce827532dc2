/** SHA-256 as the names of contents are written. */

/** The first `numDigits` hexadecimal digits of the SHA-256 of texts (as UTF-8) and bytes, one after the other; all 64 by default. */
export async function sha256Hex(parts: readonly BlobPart[], numDigits = 64): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await new Blob([...parts]).arrayBuffer());
  const digits = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0'));
  return digits.join('').slice(0, numDigits);
}
