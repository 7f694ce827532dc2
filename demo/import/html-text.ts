/**
 * The text of an HTML or XHTML document, paragraph by paragraph. The document is one that `DOMParser` made: it belongs to no
 * window, so its scripts do not run and nothing that it points to is fetched.
 */

/** Elements whose content is no text to read. */
const skipped = new Set([
  'annotation',
  'annotation-xml',
  'audio',
  'button',
  'canvas',
  'datalist',
  'dialog',
  'embed',
  'head',
  'iframe',
  'input',
  'link',
  'map',
  'meta',
  'nav',
  'noembed',
  'noframes',
  'noscript',
  'object',
  'rp',
  'rt',
  'script',
  'select',
  'style',
  'svg',
  'template',
  'textarea',
  'title',
  'video',
  // What inertMarkup makes of style elements.
  'x-style',
]);

/** Elements that stand apart from what is around them by an empty line. */
const paragraphs = new Set([
  'address',
  'article',
  'aside',
  'blockquote',
  'body',
  'details',
  'div',
  'dl',
  'fieldset',
  'figcaption',
  'figure',
  'footer',
  'form',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'header',
  'hgroup',
  'hr',
  'main',
  'ol',
  'p',
  'pre',
  'search',
  'section',
  'summary',
  'table',
  'ul',
]);

/** Elements that begin a line of their own. */
const lines = new Set(['br', 'caption', 'dd', 'dt', 'li', 'legend', 'tr', 'option']);

/** Collects text with breaks of the strength that was asked for last. */
class TextWriter {
  readonly #parts: string[] = [];
  /** Line feeds to come before the next text. */
  #breaks = 0;
  #hasSpace = false;
  /** The end of what is written, where only a mark stands that text has to follow on the same line. */
  #isAfterMark = false;

  /** Text in which white space counts as one blank. */
  write(text: string): void {
    const collapsed = text.replace(/[ \t\n\r\f\u00a0]+/g, ' ');
    const trimmed = collapsed.trim();
    this.#hasSpace ||= collapsed.startsWith(' ');
    if (trimmed === '') return;
    const needsSpace = this.#hasSpace && !this.isLineEmpty && !this.#isAfterMark;
    this.#append(needsSpace ? ` ${trimmed}` : trimmed);
    this.#hasSpace = collapsed.endsWith(' ');
  }

  /** Text that stands as it is. */
  writeVerbatim(text: string): void {
    if (text !== '') this.#append(text);
  }

  /** A mark before text, which follows it whatever breaks come between. */
  writeMark(mark: string): void {
    this.#append(mark);
    this.#isAfterMark = true;
  }

  /** Asks for at least so many line feeds before the next text. */
  break(numLineFeeds: number): void {
    if (!this.#isAfterMark) this.#breaks = Math.max(this.#breaks, numLineFeeds);
    this.#hasSpace = false;
  }

  /** A line feed more than there are. */
  newLine(): void {
    this.#breaks++;
    this.#hasSpace = false;
  }

  /** Whether the line that the next text comes into has none yet. */
  get isLineEmpty(): boolean {
    return this.#breaks > 0 || this.#parts.length === 0;
  }

  toString(): string {
    return this.#parts.join('');
  }

  #append(text: string): void {
    if (this.#breaks > 0 && this.#parts.length > 0) this.#parts.push('\n'.repeat(Math.min(2, this.#breaks)));
    this.#parts.push(text);
    this.#breaks = 0;
    this.#hasSpace = false;
    this.#isAfterMark = false;
  }
}

function isHidden(element: Element): boolean {
  return element.hasAttribute('hidden') || element.getAttribute('aria-hidden') === 'true';
}

function enter(name: string, writer: TextWriter): void {
  if (paragraphs.has(name)) writer.break(2);
  else if (name === 'br') writer.newLine();
  else if (lines.has(name)) writer.break(1);
  if (name === 'li') writer.writeMark('- ');
  if ((name === 'td' || name === 'th') && !writer.isLineEmpty) writer.writeMark(' | ');
  if (name === 'hr') {
    writer.writeVerbatim('* * *');
    writer.break(2);
  }
}

function leave(name: string, writer: TextWriter): void {
  if (paragraphs.has(name)) writer.break(2);
  else if (name !== 'br' && lines.has(name)) writer.break(1);
}

/**
 * All text under `root`: headings and paragraphs between empty lines, items behind dashes, cells between bars. Goes over the
 * tree without recursion, because hostile documents nest without end.
 */
export function htmlText(root: Element): string {
  const writer = new TextWriter();
  let preformatted: Element | undefined;
  let node: Node = root;
  for (;;) {
    let isEntered = true;
    if (node.nodeType === Node.TEXT_NODE || node.nodeType === Node.CDATA_SECTION_NODE) {
      const text = node.nodeValue ?? '';
      if (preformatted) writer.writeVerbatim(text);
      else writer.write(text);
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      const element = node as Element;
      const name = element.localName.toLowerCase();
      if (skipped.has(name) || isHidden(element)) isEntered = false;
      else {
        enter(name, writer);
        if (name === 'pre') preformatted ??= element;
      }
    }
    if (isEntered && node.firstChild) {
      node = node.firstChild;
      continue;
    }
    for (;;) {
      if (node.nodeType === Node.ELEMENT_NODE && isEntered)
        leave((node as Element).localName.toLowerCase(), writer);
      isEntered = true;
      if (node === preformatted) preformatted = undefined;
      if (node === root) return writer.toString();
      if (node.nextSibling) {
        node = node.nextSibling;
        break;
      }
      node = node.parentNode!;
    }
  }
}

/** The part of a web page that is its content, where the page says which that is. */
export function mainContent(page: Document): Element {
  const root = page.body ?? page.documentElement;
  const all = root.textContent?.length ?? 0;
  const candidates = [...page.querySelectorAll('main, [role=main], article')].filter(
    (element) => (element.textContent?.length ?? 0) * 2 > all,
  );
  return candidates[0] ?? root;
}
