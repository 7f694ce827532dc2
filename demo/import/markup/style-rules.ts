/**
 * What a page's own style sheets declare for its elements: by name, class and id, alone or within others, also for screens
 * (`@media screen`) and in layers. Other conditions of media, states and attributes are left out. Pure.
 */
import { isElement, textOf, walk, type Document, type Element } from './tree';

/** A simple selector, such as `p.note#first`; all of it must hold. */
interface Compound {
  readonly name: string | undefined;
  readonly classes: readonly string[];
  readonly id: string | undefined;
}

/** A selector and what it declares. */
interface Rule {
  readonly subject: Compound;
  /** What the subject stands in, the nearest first; whether that must be its parent. */
  readonly around: readonly { readonly compound: Compound; readonly isParent: boolean }[];
  /** Ids count before classes, and those before names. */
  readonly weight: number;
  /** Of equal ones the last holds. */
  readonly order: number;
  readonly declarations: string;
}

/** Style sheets longer than this are not gone over. */
const maxSheetChars = 1_000_000;

/** Declarations that are looked at for one rule or element, in characters. */
const mostRuleChars = 2000;

/** Rules that are looked at for one word, the last ones; and parts of a selector. */
const most = { rules: 200, parts: 8 };

/** Rules around rules that hold on every screen. */
const isForAll = /^\s*@(?:media\s+(?:only\s+)?(?:all|screen)\s*$|supports\s(?!\s*not\b)|layer\b)/i;

/** Levels of rules around rules that are looked into. */
const mostLevels = 4;

/** What hides an element, or makes another one of it. */
const relevant =
  /display|visibility|font|opacity|color|background|vertical-align|list-style|position|indent|clip|overflow|transform|filter/i;

/** The rules of a page's style sheets that change what is read. */
export class StyleRules {
  /** By a word that their subject must have: `#id`, `.class` or a name. */
  readonly #rules = new Map<string, Rule[]>();
  #numRules = 0;
  /** Ancestors that may still be looked at, all elements together: more than that is made to do harm. */
  #numLooks = 2_000_000;
  readonly #classes = new WeakMap<Element, readonly string[]>();

  /** Those of a page's own style sheets. @param sheets those that came along with it */
  static of(page: Document, sheets: readonly string[] = []): StyleRules {
    const rules = new StyleRules();
    for (const sheet of sheets) rules.#addSheet(sheet.slice(0, maxSheetChars));
    walk(page, (node) => {
      if (!isElement(node) || node.name !== 'style') return true;
      const isForScreens = !node.attribs.media || /\b(?:all|screen)\b/i.test(node.attribs.media);
      if (isForScreens) rules.#addSheet(textOf(node).slice(0, maxSheetChars));
      return false;
    });
    return rules;
  }

  /** Everything that is declared for an element, what holds last: by the style sheets, and on itself. */
  declarationsOf(element: Element): string {
    const { style: all = '', id } = element.attribs;
    const style = all.slice(-mostRuleChars);
    if (this.#rules.size === 0) return style;
    const words = [
      element.name,
      ...this.#classesOf(element).map((word) => `.${word}`),
      ...(id ? [`#${id}`] : []),
    ];
    const found = words
      .flatMap((word) => this.#rules.get(word) ?? [])
      .filter(({ subject, around }) => this.#isOne(element, subject) && this.#isWithin(element, around))
      .sort((a, b) => a.weight - b.weight || a.order - b.order)
      .map(({ declarations }) => declarations);
    return [...found, style].filter((text) => text !== '').join(';');
  }

  #isWithin(element: Element, around: Rule['around']): boolean {
    let above = parentOf(element);
    // Which of several that would do is taken makes a difference only with parents in the middle: the nearest is.
    for (const { compound, isParent } of around) {
      while (above && !isParent && this.#numLooks > 0 && !this.#isOne(above, compound)) {
        above = parentOf(above);
        this.#numLooks--;
      }
      if (!above || !this.#isOne(above, compound)) return false;
      above = parentOf(above);
    }
    return true;
  }

  #isOne(element: Element, { name, classes, id }: Compound): boolean {
    if (name !== undefined && element.name !== name) return false;
    if (id !== undefined && element.attribs.id !== id) return false;
    return classes.length === 0 || classes.every((word) => this.#classesOf(element).includes(word));
  }

  #classesOf(element: Element): readonly string[] {
    const known = this.#classes.get(element);
    if (known) return known;
    const classes = (element.attribs.class ?? '').split(/\s+/, 50).filter((word) => word !== '');
    this.#classes.set(element, classes);
    return classes;
  }

  #addSheet(sheet: string, level = 0): void {
    let depth = 0;
    let start = 0;
    let selectors = '';
    for (let at = 0; at < sheet.length; at++) {
      const character = sheet[at];
      if (character === '/' && sheet[at + 1] === '*') {
        const end = sheet.indexOf('*/', at + 2);
        if (end < 0) return;
        if (depth === 0 && sheet.slice(start, at).trim() === '') start = end + 2;
        at = end + 1;
      } else if (character === '{') {
        if (depth++ === 0) selectors = sheet.slice(start, at);
        if (depth === 1) start = at + 1;
      } else if (character === '}') {
        if (depth === 1) this.#addRule(selectors, sheet.slice(start, at), level);
        depth = Math.max(0, depth - 1);
        if (depth === 0) start = at + 1;
      } else if (character === ';' && depth === 0) start = at + 1;
    }
  }

  #addRule(selectors: string, content: string, level: number): void {
    if (!selectors.includes('@')) this.#add(selectors, content);
    else if (level < mostLevels && isForAll.test(selectors)) this.#addSheet(content, level + 1);
  }

  #add(selectors: string, all: string): void {
    if (!relevant.test(all)) return;
    const declarations = all.slice(-mostRuleChars);
    for (const selector of selectors.split(',')) {
      const rule = ruleOf(selector.trim(), declarations, this.#numRules++);
      if (!rule) continue;
      const { id, classes, name } = rule.subject;
      const word = id !== undefined ? `#${id}` : classes.length > 0 ? `.${classes[0]}` : name!;
      const known = this.#rules.get(word) ?? [];
      this.#rules.set(word, known);
      known.push(rule);
      if (known.length > most.rules) known.shift();
    }
  }
}

/** Undefined for a selector of another kind. */
function ruleOf(selector: string, declarations: string, order: number): Rule | undefined {
  const parts = selector.replace(/\s*>\s*/g, '>').split(/(\s+|>)/);
  if (parts.length > 2 * most.parts) return undefined;
  const compounds = parts.filter((_, i) => i % 2 === 0).map(compoundOf);
  const subject = compounds.pop();
  if (!subject || compounds.includes(undefined)) return undefined;
  const around = compounds
    .map((compound, i) => ({ compound: compound!, isParent: parts[2 * i + 1] === '>' }))
    .reverse();
  const weight = [subject, ...around.map(({ compound }) => compound)].reduce(
    (sum, { id, classes, name }) =>
      sum + (id === undefined ? 0 : 10_000) + 100 * classes.length + (name === undefined ? 0 : 1),
    0,
  );
  return { subject, around, weight, order, declarations };
}

function compoundOf(text: string): Compound | undefined {
  if (!/^(?:[\w-]+)?(?:[.#][\w-]+)*$/.test(text) || text === '') return undefined;
  const words = text.match(/[.#]?[\w-]+/g)!;
  return {
    name: words.find((word) => !/^[.#]/.test(word))?.toLowerCase(),
    classes: words.filter((word) => word.startsWith('.')).map((word) => word.slice(1)),
    id: words.find((word) => word.startsWith('#'))?.slice(1),
  };
}

function parentOf({ parent }: Element): Element | undefined {
  return parent && isElement(parent) ? parent : undefined;
}
