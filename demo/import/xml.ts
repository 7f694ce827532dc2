/** XML parts of packages, which may be hostile: entities are refused, because they can grow without end. */
import { declaredEncoding, decodeText } from './decode-text';
import { ImportError } from './import-error';

function parse(source: string): XMLDocument | undefined {
  // What is no XML at all is not tried: browsers describe it in a document with styles, which the policy forbids.
  if (!/^\s*</.test(source) || /<!ENTITY/i.test(source)) return undefined;
  const parsed = new DOMParser().parseFromString(source, 'application/xml');
  return parsed.getElementsByTagName('parsererror').length > 0 ? undefined : parsed;
}

/** @throws ImportError `damaged` when it is not well-formed or declares entities */
export function parseXml(bytes: Uint8Array): XMLDocument {
  const parsed = parse(decodeText(bytes, declaredEncoding(bytes)));
  if (parsed) return parsed;
  throw new ImportError(
    'damaged',
    'A part of this file is damaged, or made to do harm.',
    'Download or copy it again; if that does not help, do not trust it.',
  );
}

/** Elements of a local name, whatever their namespace prefix. */
export function elementsNamed(root: Document | Element, localName: string): Element[] {
  return [...root.getElementsByTagNameNS('*', localName)];
}
