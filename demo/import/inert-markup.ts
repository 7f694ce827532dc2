/**
 * Takes from the source of an HTML document what the page's policy would complain about. `DOMParser` applies none of it, but
 * reports styles, handlers and base addresses in it as violations of the policy of the page that parses. Pure.
 */
import { ImportError } from './import-error';

const tagStart = /<!--|<(\/?)([a-z][^\s/>]*)/gi;
const attribute = /[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]*))?/y;

const selfClosing = /\s*\/>/y;

/** Elements in whose text no tags are. */
const rawText = /^(?:script|style|textarea|title)$/;

/** Elements that HTML knows to have no end. */
const endless = /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/;

/**
 * Elements that need no end of their own, or that the next of their kind ends, as anchors without end are many in old pages: they
 * say nothing of how deep a document is.
 */
const optionalEnd =
  /^(?:a|body|caption|colgroup|dd|dt|head|html|li|nobr|optgroup|option|p|rp|rt|tbody|td|tfoot|th|thead|tr)$/;

/** Elements that a browser opens anew in each paragraph until they end. */
const formatting = /^(?:b|big|code|em|font|i|s|small|strike|strong|tt|u)$/;

/** Elements that HTML ends only where it says so, whatever `/>` says; others may be of SVG or MathML, where it is an end. */
const blocks =
  /^(?:address|article|aside|blockquote|center|details|dialog|dir|div|dl|fieldset|figcaption|figure|footer|form|h[1-6]|header|hgroup|main|menu|nav|ol|pre|search|section|span|summary|table|ul)$/;

/** Elements that may be open at a time, and such that format. What browsers do with more takes time by the square of it. */
const mostOpen = 25_000;
const mostOpenFormatting = 256;

/** How many elements are open at a place in the source, about. */
class Depth {
  #numOpen = 0;
  #numFormatting = 0;

  /** @throws ImportError for markup that is nested deeper than anybody writes */
  count(name: string, kind: 'opening' | 'closing' | 'selfClosing'): void {
    if (endless.test(name) || optionalEnd.test(name)) return;
    if (kind === 'selfClosing' && !blocks.test(name) && !formatting.test(name)) return;
    const step = kind === 'closing' ? -1 : 1;
    this.#numOpen = Math.max(0, this.#numOpen + step);
    if (formatting.test(name)) this.#numFormatting = Math.max(0, this.#numFormatting + step);
    if (this.#numOpen <= mostOpen && this.#numFormatting <= mostOpenFormatting) return;
    throw new ImportError(
      'damaged',
      'This page is nested deeper than any browser can sort out, so it is damaged, or made to do harm.',
      'Open it in a tab of its own, copy its text, and paste that here.',
    );
  }
}

/**
 * The source with `x-` before the names of `style` elements, of `style` and `on…` attributes, and of the attributes of `base`.
 * The text of the document stays as it is. Takes time in proportion to the length.
 * @param isXhtml whether `<title/>` is a whole element: it gets the end that HTML wants
 * @throws ImportError `damaged` for markup that no browser would be done with
 */
export function inertMarkup(source: string, isXhtml = false): string {
  const parts: string[] = [];
  let copiedTo = 0;
  const disarm = (at: number) => {
    parts.push(source.slice(copiedTo, at), 'x-');
    copiedTo = at;
  };
  const depth = new Depth();
  const find = new RegExp(tagStart);
  const next = new RegExp(attribute);
  for (let tag = find.exec(source); tag; tag = find.exec(source)) {
    if (tag[2] === undefined) {
      const end = source.indexOf('-->', find.lastIndex - 2);
      if (end < 0) break;
      find.lastIndex = end + 3;
      continue;
    }
    const name = tag[2].toLowerCase();
    const isClosing = tag[1] === '/';
    if (name === 'style') disarm(find.lastIndex - name.length);
    if (isClosing) {
      depth.count(name, 'closing');
      continue;
    }
    next.lastIndex = find.lastIndex;
    for (let found = next.exec(source); found; found = next.exec(source)) {
      const [whole, word = ''] = found;
      find.lastIndex = next.lastIndex;
      if (name === 'base' || /^(?:style$|on)/i.test(word)) disarm(found.index + whole.indexOf(word));
    }
    selfClosing.lastIndex = find.lastIndex;
    const isSelfClosing = selfClosing.test(source);
    if (isXhtml && !endless.test(name) && isSelfClosing) {
      const end = selfClosing.lastIndex;
      parts.push(source.slice(copiedTo, end - 2), `></${name === 'style' ? 'x-style' : tag[2]}>`);
      copiedTo = find.lastIndex = end;
      continue;
    }
    depth.count(name, isSelfClosing ? 'selfClosing' : 'opening');
    if (!rawText.test(name)) continue;
    const end = new RegExp(`</${name}`, 'gi');
    end.lastIndex = find.lastIndex;
    find.lastIndex = end.exec(source)?.index ?? source.length;
  }
  parts.push(source.slice(copiedTo));
  return parts.join('');
}
