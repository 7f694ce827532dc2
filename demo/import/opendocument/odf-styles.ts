/** What the styles of an OpenDocument file say of text: hidden, raised, numbered. Pure. */
import {
  attributeOf,
  elementsNamed,
  elementsOf,
  localName,
  type Document,
  type Element,
} from '../markup/tree';
import { wordNumber } from '../text/numbering';

/** What a style gives what it is put on. */
interface OdfStyle {
  readonly isHidden: boolean;
  /** Undefined where the style leaves it as it is around. */
  readonly isStruck: boolean | undefined;
  /** Above 0 raised, below lowered. */
  readonly position: number;
  readonly isWhite: boolean;
  readonly hasGround: boolean;
  /** Of paragraphs: the list that they are numbered in. */
  readonly listStyle: string | undefined;
  /** Of tables and slides: whether they are shown. */
  readonly isShown: boolean;
}

interface OwnStyle {
  readonly parent: string | undefined;
  readonly position: number | undefined;
  readonly isHidden: boolean | undefined;
  readonly isStruck: boolean | undefined;
  readonly isWhite: boolean | undefined;
  readonly hasGround: boolean | undefined;
  readonly listStyle: string | undefined;
  readonly isShown: boolean | undefined;
}

/** A level of a list or of headings. */
interface OdfLevel {
  readonly isBullet: boolean;
  readonly format: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly start: number;
  /** How many levels the number shows. */
  readonly numShown: number;
}

const plain: OdfStyle = {
  isHidden: false,
  isStruck: undefined,
  position: 0,
  isWhite: false,
  hasGround: false,
  listStyle: undefined,
  isShown: true,
};

/** Styles stand on others; so many are followed. */
const maxDepth = 20;

function positionOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (value.startsWith('super')) return 1;
  if (value.startsWith('sub')) return -1;
  const percent = Number.parseFloat(value);
  return Number.isNaN(percent) ? undefined : Math.sign(percent);
}

function isGround(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value !== 'transparent';
}

/** Points from which on letters can be seen. */
const leastSize = 1.1;

function isTiny(size: string | undefined): boolean {
  const { points = '' } = /^(?<points>[\d.]+)pt$/.exec(size ?? '')?.groups ?? {};
  return points !== '' && Number(points) <= leastSize;
}

function readStyle(style: Element): OwnStyle {
  const properties = elementsOf(style).filter((child) => localName(child).endsWith('-properties'));
  const find = (name: string) =>
    properties.map((one) => one.attribs[name]).find((value) => value !== undefined);
  const display = find('text:display');
  const strike = find('style:text-line-through-style') ?? find('style:text-line-through-type');
  const color = find('fo:color');
  const visibility = find('presentation:visibility');
  const tableDisplay = find('table:display');
  return {
    parent: attributeOf(style, 'parent-style-name'),
    position: positionOf(find('style:text-position')),
    isHidden: isTiny(find('fo:font-size')) || (display === undefined ? undefined : display === 'none'),
    isStruck: strike === undefined ? undefined : strike !== 'none',
    isWhite: color === undefined ? undefined : /^#f{6}$/i.test(color),
    hasGround: isGround(find('fo:background-color')),
    listStyle: attributeOf(style, 'list-style-name'),
    isShown:
      visibility === undefined && tableDisplay === undefined
        ? undefined
        : visibility !== 'hidden' && tableDisplay !== 'false',
  };
}

function readLevel(level: Element): OdfLevel {
  const isBullet = !/^(?:list-level-style-number|outline-level-style)$/.test(localName(level));
  return {
    isBullet,
    format: attributeOf(level, 'num-format') ?? '',
    prefix: attributeOf(level, 'num-prefix') ?? '',
    suffix: attributeOf(level, 'num-suffix') ?? '',
    start: Number(attributeOf(level, 'start-value') ?? 1) || 1,
    numShown: Number(attributeOf(level, 'display-levels') ?? 1) || 1,
  };
}

const readLevels = (list: Element): ReadonlyMap<number, OdfLevel> =>
  new Map(elementsOf(list).map((level) => [Number(attributeOf(level, 'level') ?? 1), readLevel(level)]));

/** See the file's header. */
export class OdfStyles {
  readonly #styles = new Map<string, OwnStyle>();
  readonly #lists = new Map<string, ReadonlyMap<number, OdfLevel>>();
  readonly #found = new Map<string, OdfStyle>();
  /** Levels of headings that are numbered by the document. */
  readonly outline: ReadonlyMap<number, OdfLevel>;

  /** @param parts `content.xml` and `styles.xml`, or the one file that holds both */
  constructor(parts: readonly Document[]) {
    let outline: ReadonlyMap<number, OdfLevel> = new Map();
    for (const part of parts) {
      for (const style of elementsNamed(part, 'style')) {
        const key = `${attributeOf(style, 'family') ?? ''} ${attributeOf(style, 'name') ?? ''}`;
        this.#styles.set(key, readStyle(style));
      }
      for (const list of elementsNamed(part, 'list-style')) {
        this.#lists.set(attributeOf(list, 'name') ?? '', readLevels(list));
      }
      const [headings] = elementsNamed(part, 'outline-style');
      if (headings) outline = readLevels(headings);
    }
    this.outline = outline;
  }

  /** What holds for a style, from those that it stands on too. @param family `text`, `paragraph`, `table`, `drawing-page` */
  of(family: string, name: string | undefined): OdfStyle {
    if (name === undefined) return plain;
    const key = `${family} ${name}`;
    const known = this.#found.get(key);
    if (known) return known;
    const chain: OwnStyle[] = [];
    let next: string | undefined = name;
    for (let depth = 0; next !== undefined && depth < maxDepth; depth++) {
      const style: OwnStyle | undefined = this.#styles.get(`${family} ${next}`);
      if (!style) break;
      chain.push(style);
      next = style.parent;
    }
    const first = <K extends keyof OwnStyle>(field: K) =>
      chain.map((style) => style[field]).find((value) => value !== undefined);
    const style: OdfStyle = {
      isHidden: first('isHidden') ?? false,
      isStruck: first('isStruck'),
      position: first('position') ?? 0,
      isWhite: first('isWhite') ?? false,
      hasGround: first('hasGround') ?? false,
      listStyle: first('listStyle'),
      isShown: first('isShown') ?? true,
    };
    this.#found.set(key, style);
    return style;
  }

  /** A level of a list, from 1. */
  level(listStyle: string | undefined, level: number): OdfLevel | undefined {
    return listStyle === undefined ? undefined : this.#lists.get(listStyle)?.get(level);
  }
}

/** Numbers of lists or headings as they count on: `1.2`, `(a)`. */
export class OdfCounter {
  readonly #counts: number[] = [];

  /**
   * The marker of the next item; empty where its level shows no number.
   * @param level from 1
   * @param start a number to begin with anew
   */
  next(level: number, levelOf: (level: number) => OdfLevel | undefined, start?: number): string {
    const own = levelOf(level);
    this.#counts.length = Math.min(this.#counts.length, level);
    for (let above = 0; above < level - 1; above++) this.#counts[above] ??= levelOf(above + 1)?.start ?? 1;
    const before = this.#counts[level - 1];
    this.#counts[level - 1] = start ?? (before === undefined ? (own?.start ?? 1) : before + 1);
    if (!own || own.isBullet) return own ? '-' : '';
    if (own.format === '') return '';
    const from = Math.max(1, level - own.numShown + 1);
    const shown: string[] = [];
    for (let index = from; index <= level; index++) {
      const format = levelOf(index)?.format ?? own.format;
      if (format !== '') shown.push(wordNumber(this.#counts[index - 1] ?? 1, format));
    }
    return `${own.prefix}${shown.join('.')}${own.suffix}`.trim();
  }

  /** Whether nothing was counted yet. */
  get isFresh(): boolean {
    return this.#counts.length === 0;
  }
}
