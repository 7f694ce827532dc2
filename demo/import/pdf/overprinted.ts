/** Text that is printed twice in one place, as some programs make letters bold or cast a shadow: it is there once. Pure. */
import type { PdfItem } from './page-items';

/** A copy lies no further from the first than this, in sizes of the font. */
const widestShift = 0.15;

/** Pieces without those that repeat an earlier one in its place; where a line ended after such a piece, it still does. */
export function withoutOverprints(items: readonly PdfItem[]): PdfItem[] {
  const seen = new Map<string, PdfItem[]>();
  const result: PdfItem[] = [];
  for (const item of items) {
    const text = item.text.trim();
    let alike = seen.get(text);
    if (!alike) seen.set(text, (alike = []));
    if (text !== '' && alike.some((earlier) => isInPlaceOf(item, earlier))) {
      if (item.endsLine) result.push({ ...item, text: '' });
      continue;
    }
    alike.push(item);
    result.push(item);
  }
  return result;
}

function isInPlaceOf(item: PdfItem, earlier: PdfItem): boolean {
  const most = widestShift * earlier.height;
  return Math.abs(item.x - earlier.x) <= most && Math.abs(item.y - earlier.y) <= most;
}
