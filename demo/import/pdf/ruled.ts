/** What lines on a page say of the text beside them: that two words stand in two cells, or one over the other in a fraction. Pure. */
import { stacked } from '../text/raised';
import type { PdfItem } from './page-items';
import { areLetters, type Unseen } from './covers';
import { isUpright, type Box } from './paths';

/** Whether a line that stands parts what ends at `left` from what begins at `right`, on the line of text at `y`. */
export type Parting = (left: number, right: number, y: number) => boolean;

/** See `Parting`. */
export function partingBy(rules: readonly Box[]): Parting {
  const upright = rules.filter(isUpright);
  if (upright.length === 0) return () => false;
  return (left, right, y) =>
    upright.some(
      (rule) => rule.left >= left - 1 && rule.right <= right + 1 && rule.bottom <= y + 2 && rule.top >= y + 2,
    );
}

const isText = ({ text }: PdfItem) => text.trim() !== '';

/** Pieces with those that stand over and under a bar, within a line, as one. */
export function withFractions(items: readonly PdfItem[], rules: readonly Box[]): readonly PdfItem[] {
  let result = items;
  const upright = rules.filter(isUpright);
  for (const bar of rules) {
    const width = bar.right - bar.left;
    if (isUpright(bar) || width < 3 || width > 200) continue;
    const isRuled = upright.some(
      (rule) =>
        rule.left >= bar.left - 2 &&
        rule.right <= bar.right + 2 &&
        rule.bottom <= bar.top + 1 &&
        rule.top >= bar.bottom - 1,
    );
    if (!isRuled) result = withFraction(result, bar);
  }
  return result;
}

function withFraction(items: readonly PdfItem[], bar: Box): readonly PdfItem[] {
  const level = (bar.bottom + bar.top) / 2;
  const isWithin = ({ x, width }: PdfItem) => x >= bar.left - 2 && x + width <= bar.right + 2;
  const over = items.filter(
    (item) => isText(item) && isWithin(item) && item.y >= level && item.y - level < 0.7 * item.height,
  );
  const under = items.filter(
    (item) =>
      isText(item) &&
      isWithin(item) &&
      item.y < level &&
      level - (item.y + 0.7 * item.height) < 0.8 * item.height &&
      level - item.y < 1.5 * item.height,
  );
  if (over.length === 0 || under.length === 0) return items;
  const reach = (parts: readonly PdfItem[]) =>
    Math.max(...parts.map(({ x, width }) => x + width)) - Math.min(...parts.map(({ x }) => x));
  // A line under a word that is longer than all of it is no bar of a fraction.
  const widest = Math.max(reach(over), reach(under));
  if (bar.right - bar.left > 1.6 * widest + 8) return items;
  // A fraction stands in a line: something beside it has its middle where the bar is.
  const beside = items.find(
    ({ x, y, width, height, text }) =>
      text.trim() !== '' &&
      y < level &&
      y + 0.75 * height > level &&
      (Math.abs(bar.left - (x + width)) < 3 * height || Math.abs(x - bar.right) < 3 * height),
  );
  if (!beside || over.includes(beside) || under.includes(beside)) return items;
  const textOf = (parts: readonly PdfItem[]) =>
    [...parts]
      .sort((a, b) => a.x - b.x)
      .map(({ text }) => text.trim())
      .join(' ');
  const fraction: PdfItem = {
    ...beside,
    text: stacked(textOf(over), textOf(under)),
    x: bar.left,
    width: bar.right - bar.left,
    endsLine: under.at(-1) === items.at(-1),
  };
  const parts = new Set([...over, ...under]);
  const first = items.findIndex((item) => parts.has(item));
  return items.flatMap((item, index) => (index === first ? [fraction] : parts.has(item) ? [] : [item]));
}

/** Pieces without those whose letters nobody sees. */
export function withoutUnseen(
  items: readonly PdfItem[],
  unseen: readonly Unseen[],
): { readonly items: readonly PdfItem[]; readonly numHidden: number } {
  if (unseen.length === 0) return { items, numHidden: 0 };
  let numHidden = 0;
  let wasHidden = false;
  const seen = items.filter((item) => {
    if (!isText(item)) return true;
    const { x, y, width, height, text } = item;
    const covered = unseen
      .filter((box) => Math.abs(box.bottom - y) < 0.3 * height && areLetters(text, box))
      .reduce((sum, { left, right }) => sum + Math.max(0, Math.min(right, x + width) - Math.max(left, x)), 0);
    const isHidden = covered > 0.8 * width && width > 0;
    if (isHidden && !wasHidden) numHidden++;
    wasHidden = isHidden;
    return !isHidden;
  });
  return { items: seen, numHidden };
}
