/**
 * Takes from the source of an HTML document what the page's policy would complain about. `DOMParser` applies none of it, but
 * reports styles, handlers and base addresses in it as violations of the policy of the page that parses. Pure.
 */

const tagStart = /<!--|<(\/?)([a-z][^\s/>]*)/gi;
const attribute = /[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]*))?/y;

const selfClosing = /\s*\/>/y;

/** Elements in whose text no tags are. */
const rawText = /^(?:script|style|textarea|title)$/;

/** Elements that HTML knows to have no end. */
const endless = /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/;

/**
 * The source with `x-` before the names of `style` elements, of `style` and `on…` attributes, and of the attributes of `base`.
 * The text of the document stays as it is. Takes time in proportion to the length.
 * @param isXhtml whether `<title/>` is a whole element: it gets the end that HTML wants
 */
export function inertMarkup(source: string, isXhtml = false): string {
  const parts: string[] = [];
  let copiedTo = 0;
  const disarm = (at: number) => {
    parts.push(source.slice(copiedTo, at), 'x-');
    copiedTo = at;
  };
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
    if (isClosing) continue;
    next.lastIndex = find.lastIndex;
    for (let found = next.exec(source); found; found = next.exec(source)) {
      const [whole, word = ''] = found;
      find.lastIndex = next.lastIndex;
      if (name === 'base' || /^(?:style$|on)/i.test(word)) disarm(found.index + whole.indexOf(word));
    }
    selfClosing.lastIndex = find.lastIndex;
    if (isXhtml && !endless.test(name) && selfClosing.test(source)) {
      const end = selfClosing.lastIndex;
      parts.push(source.slice(copiedTo, end - 2), `></${name === 'style' ? 'x-style' : tag[2]}>`);
      copiedTo = find.lastIndex = end;
      continue;
    }
    if (!rawText.test(name)) continue;
    const end = new RegExp(`</${name}`, 'gi');
    end.lastIndex = find.lastIndex;
    find.lastIndex = end.exec(source)?.index ?? source.length;
  }
  parts.push(source.slice(copiedTo));
  return parts.join('');
}
