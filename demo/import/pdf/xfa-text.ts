/** The text of a page of an XFA form, which is a form without a page of its own: from the tree that pdf.js makes of it. Pure. */

/** An element of the tree. */
interface XfaNode {
  readonly name?: string;
  readonly value?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly children?: readonly (XfaNode | null)[];
}

const maxDepth = 2000;

const blocks = new Set(['div', 'p', 'br', 'li', 'tr', 'table']);

/** Labels, texts and what was typed, a line each. */
export function xfaText(root: XfaNode): string {
  const parts: string[] = [];
  const visit = (node: XfaNode, depth: number): void => {
    const { name = '', value, attributes = {}, children = [] } = node;
    const style = attributes.style as Readonly<Record<string, unknown>> | undefined;
    if (style?.display === 'none' || style?.visibility === 'hidden' || depth > maxDepth) return;
    if (blocks.has(name)) parts.push('\n');
    if (name === 'input' || name === 'textarea') parts.push(inputText(attributes, value));
    else if (name === 'option') parts.push(attributes.selected ? ` ${value ?? ''}` : '');
    else if (typeof value === 'string') parts.push(value);
    for (const child of name === 'textarea' ? [] : children) if (child) visit(child, depth + 1);
    if (blocks.has(name)) parts.push('\n');
  };
  visit(root, 0);
  return parts
    .join('')
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '')
    .join('\n');
}

function inputText(attributes: Readonly<Record<string, unknown>>, value: string | undefined): string {
  const { type } = attributes;
  if (type === 'checkbox' || type === 'radio') return attributes.checked ? ' [x] ' : ' [ ] ';
  const typed = attributes.value ?? attributes.textContent ?? value;
  return typeof typed === 'string' && typed !== '' ? ` ${typed} ` : '';
}
