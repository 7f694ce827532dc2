/** Lists of OpenDocument texts while they are read, and the numbers of their items. Pure. */
import { attributeOf, elementsOf, textOf, type Element } from '../markup/tree';
import { OdfCounter, type OdfStyles } from './odf-styles';

interface OpenList {
  readonly styleName: string | undefined;
  readonly level: number;
  readonly counter: OdfCounter;
  /** Marker of the item whose first paragraph has not come. */
  marker: string;
}

/** See the file's header. */
export class OdfLists {
  readonly #styles: OdfStyles;
  readonly #open: OpenList[] = [];
  /** The latest list of each style, which others go on from. */
  readonly #counters = new Map<string, OdfCounter>();

  constructor(styles: OdfStyles) {
    this.#styles = styles;
  }

  /** Whether a list is open. */
  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  begin(list: Element): void {
    const above = this.#open.at(-1);
    const styleName = attributeOf(list, 'style-name') ?? above?.styleName;
    const continues =
      attributeOf(list, 'continue-numbering') === 'true' || attributeOf(list, 'continue-list') !== undefined;
    const known = styleName === undefined ? undefined : this.#counters.get(styleName);
    const counter = above?.counter ?? (continues ? known : undefined) ?? new OdfCounter();
    if (!above && styleName !== undefined) this.#counters.set(styleName, counter);
    this.#open.push({ styleName, level: (above?.level ?? 0) + 1, counter, marker: '' });
  }

  end(): void {
    this.#open.pop();
  }

  beginItem(item: Element): void {
    const list = this.#open.at(-1);
    if (!list) return;
    const hasText = elementsOf(item).some(({ name }) => name === 'text:p' || name === 'text:h');
    // An item that only holds a deeper list has no number of its own.
    if (!hasText) return;
    const start = attributeOf(item, 'start-value');
    const number = elementsOf(item).find(({ name }) => name === 'text:number');
    const marker = list.counter.next(
      list.level,
      (level) => this.#styles.level(list.styleName, level),
      start === undefined ? undefined : Number(start),
    );
    list.marker = (number ? textOf(number).trim() : marker) || '';
  }

  /** The number or dash that a paragraph of an item begins with: the first one only. */
  takeMarker(): string {
    const list = this.#open.at(-1);
    const marker = list?.marker ?? '';
    if (list) list.marker = '';
    return marker;
  }
}
