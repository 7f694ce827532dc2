/** Finds words in a text: how often they are there, and the next and the previous place. Fires `found` with a span, or undefined. */
import { LitElement, css, html, type PropertyValues } from 'lit';
import { findAll, matchFrom, mostMatches } from '../find';
import { icons } from '../icons';
import type { Span } from '../paragraphs';
import { controls } from '../shared-styles';

/** See the file's header. */
export class FindBox extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.25rem;
      }

      input {
        flex: 1 1 8rem;
        width: auto;
        min-width: 0;
        max-width: 18rem;
      }

      output {
        color: var(--ink-soft);
        font-size: 0.875rem;
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  static override properties = {
    text: { attribute: false },
    query: { state: true },
    index: { state: true },
  };
  declare text: string;
  declare query: string;
  /** The match that is shown; -1 for none. */
  declare index: number;
  #matches: readonly Span[] = [];

  constructor() {
    super();
    this.text = '';
    this.query = '';
    this.index = -1;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    // Another document: what was looked for in the last one is no question to this one.
    if (changed.has('text') && this.query !== '') this.#find('');
  }

  protected override render() {
    const count = this.#matches.length;
    const isMany = count >= mostMatches;
    const found = count === 0 ? 'Not found' : `${this.index + 1} of ${isMany ? `${count} or more` : count}`;
    return html`
      <label class="visually-hidden" for="find">Find in the document</label>
      <input
        id="find"
        type="search"
        placeholder="Find in the document"
        autocomplete="off"
        .value=${this.query}
        @input=${(event: InputEvent) => this.#find((event.target as HTMLInputElement).value)}
        @keydown=${this.#onKey}
      />
      <output for="find">${this.query.trim() === '' ? '' : found}</output>
      <button
        class="quiet"
        aria-label="Previous match"
        ?disabled=${count === 0}
        @click=${() => this.#step(-1)}
      >
        ${icons.up}
      </button>
      <button class="quiet" aria-label="Next match" ?disabled=${count === 0} @click=${() => this.#step(1)}>
        ${icons.down}
      </button>
    `;
  }

  /** What is typed letter by letter is looked for from where the last match was. */
  #find(query: string): void {
    const from = this.#matches[this.index]?.start ?? 0;
    this.query = query;
    this.#matches = findAll(this.text, query);
    this.#show(matchFrom(this.#matches, from));
  }

  #step(by: 1 | -1): void {
    const count = this.#matches.length;
    if (count > 0) this.#show((this.index + by + count) % count);
  }

  #show(index: number): void {
    this.index = index;
    this.dispatchEvent(new CustomEvent<Span | undefined>('found', { detail: this.#matches[index] }));
  }

  #onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') this.#step(event.shiftKey ? -1 : 1);
    else if (event.key === 'Escape' && this.query !== '') this.#find('');
    else return;
    event.preventDefault();
  };
}

customElements.define('longpage-find-box', FindBox);
