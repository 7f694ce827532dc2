/** How many characters at the end of `text` may be the beginning of `mark`, and so must wait for what follows. */
export function heldFor(text: string, mark: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length--) {
    if (mark.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}
