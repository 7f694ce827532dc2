/**
 * HTML and XML as trees that belong to no page: nothing in them runs, is styled or is fetched, in a worker as under Node.
 * The parser takes time in proportion to the length; what is nested without end is refused.
 */
import { DomHandler, isTag, isText, type AnyNode, type Document, type Element } from 'domhandler';
import { Parser } from 'htmlparser2';
import { ImportError } from '../import-error';
import { declaredEncoding, decodeText } from '../bytes/decode-text';

export { isTag as isElement, isText } from 'domhandler';
export type { AnyNode, Document, Element } from 'domhandler';

/** Elements that may be open at a time: far more than anybody writes. */
const mostOpen = 25_000;

function tooDeep(): ImportError {
  return new ImportError(
    'damaged',
    'This document is nested deeper than anybody writes, so it is damaged, or made to do harm.',
    'Open it in the program that it is for, copy its text, and paste that here.',
  );
}

class Builder extends DomHandler {
  numOpen = 0;
  /** Elements whose end is missing or in the wrong place. */
  numUnclosed = 0;
  /** Whether the tag at hand is one that ends itself. */
  isSelfClosing = false;

  override onopentag(name: string, attributes: Record<string, string>): void {
    if (++this.numOpen > mostOpen) throw tooDeep();
    super.onopentag(name, attributes);
  }

  override onclosetag(_name?: string, isImplied?: boolean): void {
    this.numOpen--;
    if (isImplied && !this.isSelfClosing) this.numUnclosed++;
    super.onclosetag();
  }
}

/** The parser says of elements that end themselves that their end is implied, as it does of torn ones: here they are told apart. */
class XmlParser extends Parser {
  readonly #builder: Builder;

  constructor(builder: Builder) {
    super(builder, { xmlMode: true, decodeEntities: true });
    this.#builder = builder;
  }

  override onselfclosingtag(endIndex: number): void {
    this.#builder.isSelfClosing = true;
    super.onselfclosingtag(endIndex);
    this.#builder.isSelfClosing = false;
  }
}

/** Characters that are parsed at a time. */
const chunkChars = 65_536;

/** For each end tag the parser looks through the elements that are open: so many may be looked at in all. */
const mostLookedAt = 4e8;

function parseInChunks(parser: Parser, builder: Builder, source: string): void {
  let numLookedAt = 0;
  for (let at = 0; at < source.length; at += chunkChars) {
    const chunk = source.slice(at, at + chunkChars);
    numLookedAt += builder.numOpen * (chunk.split('</').length - 1);
    if (numLookedAt > mostLookedAt) throw tooDeep();
    parser.write(chunk);
  }
  parser.end();
}

/** @param isXhtml whether `<p/>` is a whole element, as in XML */
export function parseHtml(source: string, isXhtml = false): Document {
  const builder = new Builder();
  const options = { recognizeSelfClosing: isXhtml, lowerCaseAttributeNames: true };
  parseInChunks(new Parser(builder, options), builder, source);
  return builder.root;
}

/** An XML part, and whether its elements end where they should. Entities that it declares stay what they are. */
function parseXmlSource(source: string): { readonly root: Document; readonly isWhole: boolean } {
  const builder = new Builder();
  parseInChunks(new XmlParser(builder), builder, source);
  return { root: builder.root, isWhole: builder.numUnclosed === 0 };
}

/**
 * The document of an XML part of a package.
 * @param onDamage told that the part is cut off or torn; without it that is an error
 * @throws ImportError `damaged` when it holds no element, declares entities, or is torn and nobody is told
 */
export function parseXml(bytes: Uint8Array, onDamage?: () => void): Document {
  const source = decodeText(bytes, declaredEncoding(bytes)).text;
  if (/^\s*</.test(source.slice(0, 1000)) && !/<!ENTITY/i.test(source)) {
    const { root, isWhole } = parseXmlSource(source);
    if (elementsOf(root).length > 0 && (isWhole || onDamage)) {
      if (!isWhole) onDamage!();
      return root;
    }
  }
  throw new ImportError(
    'damaged',
    'A part of this file is damaged, or made to do harm.',
    'Download or copy it again; if that does not help, do not trust it.',
  );
}

/** A name without its namespace's prefix. */
export const localName = ({ name }: { readonly name: string }): string => name.slice(name.indexOf(':') + 1);

/** Elements right under a node. */
export function elementsOf(node: Document | Element): Element[] {
  return node.children.filter(isTag);
}

/** The first element of a name right under a node. */
export function childNamed(node: Document | Element, name: string): Element | undefined {
  return elementsOf(node).find((child) => localName(child) === name);
}

/** An attribute by its local name. */
export function attributeOf(element: Element | undefined, name: string): string | undefined {
  if (!element) return undefined;
  if (name in element.attribs) return element.attribs[name];
  const key = Object.keys(element.attribs).find((candidate) => candidate.endsWith(`:${name}`));
  return key === undefined ? undefined : element.attribs[key];
}

/**
 * Goes over a tree in its order, without recursion, because hostile documents nest without end.
 * @param enter says whether what is in a node is gone over too
 */
export function walk(
  root: Document | Element,
  enter: (node: AnyNode) => boolean,
  leave: (node: AnyNode) => void = () => undefined,
): void {
  let node: AnyNode = root;
  for (;;) {
    const isEntered = enter(node);
    const first: AnyNode | undefined = isEntered && 'children' in node ? node.children[0] : undefined;
    if (first) {
      node = first;
      continue;
    }
    if (isEntered) leave(node);
    while (node !== root && !node.next) {
      node = node.parent!;
      leave(node);
    }
    if (node === root) return;
    node = node.next!;
  }
}

/** Elements of a local name anywhere under a node, in order. */
export function elementsNamed(root: Document | Element, ...names: readonly string[]): Element[] {
  const found: Element[] = [];
  walk(root, (node) => {
    if (isTag(node) && node !== root && names.includes(localName(node))) found.push(node);
    return true;
  });
  return found;
}

/** All text under a node, white space as it is. */
export function textOf(root: Document | Element): string {
  const parts: string[] = [];
  walk(root, (node) => {
    if (isText(node)) parts.push(node.data);
    return true;
  });
  return parts.join('');
}

/** The body of a page, or all of it where it has none or several, as pages that were joined do. */
export function bodyOf(page: Document): Document | Element {
  const [body, another] = elementsNamed(page, 'body');
  return body && !another ? body : page;
}
