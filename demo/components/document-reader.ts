/**
 * The open document as a page to read; a passage can be marked, which scrolls to it. Fires `rename` with a title,
 * `export`, and `delete`.
 */
import { LitElement, html, type PropertyValues } from 'lit';
import type { DocumentPlace } from '../../src/index';
import { nextTask } from '../next-task';
import { icons } from '../icons';
import './find-box';
import { piecesOf, placesIn, splitParagraphs, type Paragraph, type Span } from '../paragraphs';
import { controls } from '../shared-styles';
import { documentReaderStyles } from './document-reader-styles';

/** Paragraphs that the browser lays out together, once they come near the screen. */
const sectionLength = 40;

/** Sections that are drawn at once; the rest of a long text follows in tasks of its own. */
const sectionsAtOnce = 10;

/** See the file's header. */
export class DocumentReader extends LitElement {
  static override styles = [controls, documentReaderStyles];

  static override properties = {
    documentId: { attribute: false },
    heading: {},
    meta: {},
    text: { attribute: false },
    marked: { attribute: false },
    places: { attribute: false },
    notes: { attribute: false },
    isRenaming: { state: true },
    found: { state: true },
    numShown: { state: true },
  };
  declare documentId: string;
  /** The document's title. */
  declare heading: string;
  /** A line about it. */
  declare meta: string;
  declare text: string;
  /** The passage to show; each new object scrolls to it and puts the focus there, even if it is the same passage again. */
  declare marked: Span | undefined;
  /** Pages, chapters or headings, in order. */
  declare places: readonly DocumentPlace[];
  /** What was lost, is doubtful or was left out. */
  declare notes: readonly string[];
  declare isRenaming: boolean;
  /** What the find box shows, before any passage. */
  declare found: Span | undefined;
  /** Sections that are drawn by now. */
  declare numShown: number;
  #paragraphs: readonly Paragraph[] = [];

  constructor() {
    super();
    this.documentId = '';
    this.heading = '';
    this.meta = '';
    this.text = '';
    this.marked = undefined;
    this.places = [];
    this.notes = [];
    this.isRenaming = false;
    this.found = undefined;
    this.numShown = sectionsAtOnce;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('text')) {
      this.#paragraphs = splitParagraphs(this.text);
      this.numShown = sectionsAtOnce;
    }
    // Who asks for a passage wants to see that one.
    if (changed.has('marked') && this.marked) this.found = undefined;
    // Not when the text comes, which may be while somebody writes the title.
    if (changed.has('documentId')) this.isRenaming = false;
    // A passage may be anywhere.
    if (this.found ?? this.marked) this.numShown = Infinity;
  }

  protected override render() {
    const sections: (readonly Paragraph[])[] = [];
    for (
      let start = this.#isTitle(this.#paragraphs[0]) ? 1 : 0;
      start < this.#paragraphs.length;
      start += sectionLength
    ) {
      sections.push(this.#paragraphs.slice(start, start + sectionLength));
    }
    return html`
      <header>
        ${this.isRenaming ? this.#renderRename() : html`<h2>${this.heading}</h2>`}
        <div class="row actions">
          <button class="quiet" @click=${this.#beginRename}>${icons.edit} Rename</button>
          <button class="quiet" @click=${() => this.dispatchEvent(new Event('export'))}>
            ${icons.export} Export
          </button>
          <button class="quiet" @click=${() => this.#dialog.showModal()}>${icons.remove} Delete</button>
          <span class="soft">${this.meta}</span>
        </div>
        <slot></slot>
        ${this.notes.length > 0 ? this.#renderNotes() : null}
        <longpage-find-box
          .text=${this.text}
          @found=${(event: CustomEvent<Span | undefined>) => (this.found = event.detail)}
        ></longpage-find-box>
      </header>
      <div class="text" tabindex="0" role="region" aria-label="Text of the document">
        ${sections
          .slice(0, this.numShown)
          .map(
            (section) =>
              html`<section>${section.map((paragraph) => this.#renderParagraph(paragraph))}</section>`,
          )}
      </div>
      <dialog aria-labelledby="question">
        <p id="question">Delete “${this.heading}” from this device, and all conversations on it?</p>
        <div class="row">
          <button class="danger" @click=${this.#onDelete}>Delete it</button>
          <button @click=${() => this.#dialog.close()}>Keep it</button>
        </div>
      </dialog>
    `;
  }

  #renderNotes() {
    const count = this.notes.length === 1 ? '1 note' : `${this.notes.length} notes`;
    return html`<details class="notes">
      <summary>${count} on this text</summary>
      <ul>
        ${this.notes.map((note) => html`<li>${note}</li>`)}
      </ul>
    </details>`;
  }

  /** The places that begin in a paragraph, but for a heading that says itself what it is called. */
  #labelOf({ start, end, isHeading }: Paragraph): string {
    const labels = placesIn(this.places, start, end).map(({ label }) => label);
    const text = this.text.slice(start, end);
    return labels.filter((label) => !isHeading || label !== text).join(', ');
  }

  /** Whether a paragraph only says the title again, which stands above the text. */
  #isTitle(paragraph: Paragraph | undefined): boolean {
    return paragraph?.isHeading === true && this.text.slice(paragraph.start, paragraph.end) === this.heading;
  }

  #renderRename() {
    return html`<form @submit=${this.#onRename}>
      <label class="visually-hidden" for="title">Title</label>
      <input id="title" type="text" required .value=${this.heading} @keydown=${this.#onRenameKey} />
      <button type="submit">Rename it</button>
    </form>`;
  }

  #renderParagraph(paragraph: Paragraph) {
    const pieces = piecesOf(paragraph, this.found ?? this.marked).map(({ start, end, isMarked }) => {
      const text = this.text.slice(start, end);
      return isMarked ? html`<mark tabindex="-1">${text}</mark>` : text;
    });
    const label = this.#labelOf(paragraph);
    const place = label === '' ? null : html`<div class="place">${label}</div>`;
    return paragraph.isHeading
      ? html`${place}
          <h3>${pieces}</h3>`
      : html`${place}
          <p>${pieces}</p>`;
  }

  async #showMore(): Promise<void> {
    await nextTask();
    this.numShown += sectionsAtOnce;
  }

  protected override updated(changed: PropertyValues<this>): void {
    const isPart = this.numShown * sectionLength < this.#paragraphs.length;
    if (isPart && (changed.has('text') || changed.has('numShown'))) void this.#showMore();
    if (changed.has('text')) this.renderRoot.querySelector('.text')!.scrollTop = 0;
    const isMarked = changed.has('marked') && this.marked !== undefined;
    if (!isMarked && !(changed.has('found') && this.found)) return;
    const mark = this.renderRoot.querySelector('mark');
    // Who finds goes on typing.
    if (isMarked) mark?.focus({ preventScroll: true });
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    mark?.scrollIntoView({ block: 'center', behavior: isCalm || !isMarked ? 'instant' : 'smooth' });
  }

  get #dialog(): HTMLDialogElement {
    return this.renderRoot.querySelector('dialog')!;
  }

  #beginRename = async (): Promise<void> => {
    this.isRenaming = true;
    await this.updateComplete;
    this.renderRoot.querySelector('input')!.select();
  };

  #onRenameKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') this.isRenaming = false;
  };

  #onRename = (event: SubmitEvent): void => {
    event.preventDefault();
    const title = this.renderRoot.querySelector('input')!.value.trim();
    this.isRenaming = false;
    if (title) this.dispatchEvent(new CustomEvent<string>('rename', { detail: title }));
  };

  #onDelete = (): void => {
    this.#dialog.close();
    this.dispatchEvent(new Event('delete'));
  };
}

customElements.define('longpage-document-reader', DocumentReader);
