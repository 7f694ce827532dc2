/** How far a document is on its way in. Fires `stop`. */
import { LitElement, css, html } from 'lit';
import { formatBytes } from '../format';
import type { CurrentImport } from '../import-controller';
import { controls } from '../shared-styles';

/** See the file's header. */
export class ImportStatus extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
        box-sizing: border-box;
        width: 100%;
        max-width: 40rem;
        margin: 0 auto;
        padding: 1.25rem 1.25rem 0;
      }

      section {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.4rem 1rem;
        padding: 0.6rem 0.9rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        font-variant-numeric: tabular-nums;
      }

      p {
        flex: 1 1 14rem;
        overflow-wrap: anywhere;
      }

      progress {
        flex: 1 0 100%;
      }
    `,
  ];

  static override properties = { current: { attribute: false } };
  declare current: CurrentImport;

  protected override render() {
    const { name, progress } = this.current;
    const total = progress?.numTotal;
    return html`<section role="status">
      <p id="text">
        ${progress?.phase === 'downloading' ? 'Downloading' : 'Opening'} ${name}${describe(this.current)}
      </p>
      <button @click=${() => this.dispatchEvent(new Event('stop'))}>Cancel</button>
      ${
        total
          ? html`<progress aria-labelledby="text" max=${total} .value=${progress!.numDone}></progress>`
          : html`<progress aria-labelledby="text"></progress>`
      }
    </section>`;
  }
}

function describe({ progress }: CurrentImport): string {
  if (!progress || progress.numDone === 0) return '…';
  const { unit, numDone, numTotal } = progress;
  const show = unit === 'bytes' ? formatBytes : (count: number) => count.toLocaleString('en');
  const of = numTotal === undefined ? '' : ` of ${show(numTotal)}`;
  return `: ${show(numDone)}${of}${unit === 'bytes' ? '' : ` ${unit}`}`;
}

customElements.define('longpage-import-status', ImportStatus);
