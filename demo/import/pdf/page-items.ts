/** Pieces of text with their places on a page, as pdf.js gives them, in the page as it is seen. Pure. */

import type { Box } from './paths';

/** A run of text with its place, in points; y grows upwards. */
export interface PdfItem {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** Size of the font. */
  readonly height: number;
  /** Whether a line ends after it. */
  readonly endsLine: boolean;
  readonly isMonospaced?: boolean;
}

/** What a page shows. */
export interface PdfPage {
  readonly items: readonly PdfItem[];
  /** In points; tests that place few lines need none. */
  readonly height?: number;
  /** Thin lines. */
  readonly rules?: readonly Box[];
  /** Text in other directions than the page's, such as along a margin. */
  readonly turned?: readonly string[];
  /** Paragraphs for the end of the page: what was typed into it, and notes on it. */
  readonly additions?: readonly string[];
}

/** A piece of text as pdf.js has it. */
export interface RawItem {
  readonly str: string;
  readonly transform: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly hasEOL: boolean;
  readonly fontName: string;
}

/** What of pdf.js's viewport is needed. */
export interface Viewport {
  readonly width: number;
  readonly height: number;
  readonly transform: readonly number[];
  convertToViewportPoint(x: number, y: number): number[];
}

/** Letters outside of a page by more than this are not seen, in points. */
const bleed = 20;

/** Letters of so many points and less are not seen. */
const unseenSize = 1.1;

/** What a page's pieces are. */
interface PlacedItems {
  readonly items: readonly PdfItem[];
  readonly turned: readonly string[];
  /** Pieces of no size, or beside the page. */
  readonly numHidden: number;
}

const hasLetters = (text: string) => /[\p{L}\p{N}]/u.test(text);

/** Places pieces as they are seen when the page is turned as its file says. */
export function placeItems(
  raw: readonly RawItem[],
  viewport: Viewport,
  isMonospaced: (fontName: string) => boolean,
): PlacedItems {
  const items: PdfItem[] = [];
  const turned: string[] = [];
  let numHidden = 0;
  let line = '';
  for (const { str, transform, width, hasEOL, fontName } of raw) {
    const [a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = transform;
    const [x, down] = viewport.convertToViewportPoint(e, f) as [number, number];
    const [toX, toDown] = viewport.convertToViewportPoint(e + a, f + b) as [number, number];
    const size = Math.hypot(c, d);
    const isBeside =
      x < -bleed || x > viewport.width + bleed || down < -bleed || down > viewport.height + bleed;
    if (hasLetters(str) && (size <= unseenSize || isBeside)) {
      numHidden++;
      continue;
    }
    if (Math.abs(toDown - down) > Math.abs(toX - x)) {
      line += str + (hasEOL ? '\n' : '');
      continue;
    }
    items.push({
      text: str,
      x,
      y: viewport.height - down,
      width,
      height: size,
      endsLine: hasEOL,
      isMonospaced: isMonospaced(fontName),
    });
  }
  if (hasLetters(line)) turned.push(line.trim());
  return { items, turned, numHidden };
}

/** Whether most of a page's letters are none that anybody can read: fonts without names for their letters give such. */
export function isUnreadable(text: string): boolean {
  const letters = text.replace(/\s/g, '');
  // oxlint-disable-next-line no-control-regex
  const numStrange = letters.match(/[\u0000-\u001f\u007f-\u009f\ue000-\uf8ff\ufffd]/g)?.length ?? 0;
  return letters.length > 0 && numStrange > 0.3 * letters.length;
}
