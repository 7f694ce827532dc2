/** How far a document is read, what opening it took, or why it cannot be used. Fires `stop` and `read`. */
import { LitElement, css, html } from 'lit';
import type { DocumentInfo, OpenedDocument, ReadingProgress } from '../../src/index';
import { formatBytes, formatCount, formatDuration, formatRate } from '../format';
import type { CurrentReading } from '../reading';
import { controls, statusBox } from '../shared-styles';

/** See the file's header. */
export class DocumentStatus extends LitElement {
  static override styles = [
    controls,
    statusBox,
    css`
      :host {
        display: block;
        margin-top: 0.5rem;
        font-size: 0.9rem;
      }
    `,
  ];

  static override properties = {
    entry: { attribute: false },
    reading: { attribute: false },
    opened: { attribute: false },
    canRead: { attribute: false },
  };
  /** Undefined before anything of the document is stored. */
  declare entry: DocumentInfo | undefined;
  /** While this document is read. */
  declare reading: CurrentReading | undefined;
  declare opened: OpenedDocument | undefined;
  /** Whether its reading could go on or begin anew now. */
  declare canRead: boolean;

  constructor() {
    super();
    this.entry = undefined;
    this.reading = undefined;
    this.opened = undefined;
    this.canRead = false;
  }

  protected override render() {
    if (this.reading) return this.#renderReading(this.reading.progress);
    const { entry, opened } = this;
    if (!entry) return null;
    if (entry.state === 'damaged' || entry.state === 'foreign') {
      const what =
        entry.state === 'damaged' ? 'This document is damaged' : 'This document needs reading again';
      return this.#renderBox('bad', `${what}: ${entry.problem ?? ''}`, 'Read again');
    }
    const openedText = opened ? describeOpening(opened) : '';
    if (entry.state === 'partial') {
      if (entry.numReadTokens === 0)
        return this.#renderBox('', 'Nothing of this document is read yet.', 'Read it');
      const read = `${entry.numReadTokens.toLocaleString('en')} of ${formatCount(entry.numTokens, 'token')}`;
      const text = `Read in part: ${read}. Answers come from that part. ${openedText}`;
      return this.#renderBox('', text, 'Resume');
    }
    return html`<p class="soft" role="status">${openedText || 'Read to its end.'}</p>`;
  }

  #renderBox(kind: string, text: string, button: string) {
    return html`<div class="box ${kind}" role="status">
      <p>${text}</p>
      <button ?disabled=${!this.canRead} @click=${() => this.dispatchEvent(new Event('read'))}>
        ${button}
      </button>
    </div>`;
  }

  #renderReading(progress: ReadingProgress | undefined) {
    const total = progress && progress.phase !== 'tokenizing' ? progress.numTokens : undefined;
    return html`<div class="box">
      <p id="text">${progress ? describe(progress) : 'Beginning to read…'}</p>
      <button @click=${() => this.dispatchEvent(new Event('stop'))}>Stop reading</button>
      ${
        total === undefined
          ? html`<progress aria-labelledby="text"></progress>`
          : html`<progress aria-labelledby="text" max=${total} .value=${progress!.numReadTokens}></progress>`
      }
    </div>`;
  }
}

function describeOpening({ bytesRead, durationMs }: OpenedDocument): string {
  if (bytesRead === 0) return 'Opened: it was still in memory.';
  return `Opened: ${formatBytes(bytesRead)} read in ${formatDuration(durationMs)}.`;
}

function describe({
  phase,
  numTokens,
  numReadTokens,
  tokensPerSecond,
  secondsLeft,
}: ReadingProgress): string {
  if (phase === 'tokenizing') return `Counting: ${formatCount(numTokens, 'token')}`;
  const parts = [`Reading: ${numReadTokens.toLocaleString('en')} of ${formatCount(numTokens, 'token')}`];
  if (tokensPerSecond > 0) parts.push(formatRate(tokensPerSecond));
  if (secondsLeft !== undefined) parts.push(`${formatDuration(secondsLeft * 1000)} left`);
  return phase === 'storing' ? 'Storing the last pages…' : parts.join(' · ');
}

customElements.define('longpage-document-status', DocumentStatus);
