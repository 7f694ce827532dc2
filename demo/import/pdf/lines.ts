/** Lines of a page, and what on it is no line of prose: tables and listings. Pure. */
import { findRegions, type Region } from './regions';
import { fragmentsOf, type Fragment } from './fragments';
import type { PdfItem } from './page-items';
import type { Box } from './paths';
import { partingBy } from './ruled';
import { findRuledTables } from './ruled-tables';

/** A line of text with its place. */
export interface Line {
  readonly kind: 'line';
  readonly text: string;
  readonly x: number;
  readonly endX: number;
  readonly y: number;
  readonly height: number;
}

/** Text whose lines stay as they are. */
export interface Block {
  readonly kind: 'table' | 'listing';
  readonly text: string;
}

/** What a page consists of, in reading order. */
export type PageElement = Line | Block;

/** Fragments of a line that are farther apart than so many times the font's size have nothing to do with each other. */
const widestGap = 4;

/** Elements of a page in reading order. @param rules thin lines on the page */
export function elementsOf(items: readonly PdfItem[], rules: readonly Box[] = []): PageElement[] {
  const fragments = fragmentsOf(items, partingBy(rules));
  const elements: PageElement[] = [];
  const ruled = findRuledTables(fragments, rules);
  const inTables = new Set(ruled.flatMap((table) => table.fragments));
  const others = findRegions(fragments.filter((fragment) => !inTables.has(fragment)));
  const regions: Region[] = [...ruled.map((table) => ({ kind: 'table' as const, ...table })), ...others];
  const regionOf = new Map(
    regions.flatMap((region) => region.fragments.map((fragment) => [fragment, region])),
  );
  const done = new Set<unknown>();
  let open: Fragment[] = [];
  const close = () => {
    if (open.length > 0) elements.push(...[lineOf(open)]);
    open = [];
  };
  for (const fragment of fragments) {
    const region = regionOf.get(fragment);
    if (region) {
      close();
      if (done.has(region)) continue;
      done.add(region);
      if (region.kind === 'table') elements.push({ kind: 'table', text: region.text });
      else elements.push(...region.columns.flat().map((cells) => lineOf(cells)));
      continue;
    }
    const last = open.at(-1);
    if (last && Math.abs(last.y - fragment.y) > 0.3 * Math.max(last.height, fragment.height)) close();
    open.push(fragment);
    if (fragment.endsLine) close();
  }
  close();
  return withListings(elements, new Set(fragments.filter(({ isMonospaced }) => isMonospaced).map(keyOf)));
}

const keyOf = ({ x, y }: { readonly x: number; readonly y: number }) => `${Math.round(x)} ${Math.round(y)}`;

function lineOf(fragments: readonly Fragment[]): Line {
  const tallest = fragments.reduce((a, b) => (b.height > a.height ? b : a));
  let text = '';
  for (const [index, fragment] of fragments.entries()) {
    const before = fragments[index - 1];
    const isFar = before && fragment.x - before.endX > widestGap * tallest.height;
    text += (before ? (isFar ? ' | ' : ' ') : '') + fragment.text;
  }
  return {
    kind: 'line',
    text,
    x: Math.min(...fragments.map(({ x }) => x)),
    endX: Math.max(...fragments.map(({ endX }) => endX)),
    y: tallest.y,
    height: tallest.height,
  };
}

/** Lines of letters of one width, two at least, as one block with their indents: programs, and tables made of blanks. */
function withListings(elements: readonly PageElement[], monospaced: ReadonlySet<string>): PageElement[] {
  const result: PageElement[] = [];
  let listing: Line[] = [];
  const close = () => {
    if (listing.length >= 2) result.push({ kind: 'listing', text: listingText(listing) });
    else result.push(...listing);
    listing = [];
  };
  for (const element of elements) {
    const isCode = element.kind === 'line' && monospaced.has(keyOf(element));
    const last = listing.at(-1);
    const isFar = isCode && last && (last.y - element.y > 3.5 * element.height || element.y >= last.y);
    if (!isCode || isFar) close();
    if (isCode) listing.push(element);
    else result.push(element);
  }
  close();
  return result;
}

function listingText(lines: readonly Line[]): string {
  const left = Math.min(...lines.map(({ x }) => x));
  const letters = lines.reduce((sum, { text }) => sum + text.length, 0);
  const width = lines.reduce((sum, { x, endX }) => sum + endX - x, 0) / letters || 6;
  return lines
    .map(({ text, x, y, height }, index) => {
      const before = lines[index - 1];
      const isApart = before && before.y - y > 1.8 * height;
      return (isApart ? '\n' : '') + ' '.repeat(Math.max(0, Math.round((x - left) / width))) + text;
    })
    .join('\n');
}
