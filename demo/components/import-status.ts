/** How far a document is on its way in. Fires `stop`. */
import { LitElement, css, html } from 'lit';
import { formatBytes, shortName } from '../format';
import type { CurrentImport } from '../import-controller';
import { controls, statusBox } from '../shared-styles';

/** See the file's header. */
export class ImportStatus extends LitElement {
  static override styles = [
    controls,
    statusBox,
    css`
      :host {
        display: block;
      }
    `,
  ];

  static override properties = { current: { attribute: false } };
  declare current: CurrentImport;

  protected override render() {
    const { name, progress } = this.current;
    const total = progress?.numTotal;
    return html`<section class="box" role="status">
      <p id="text">
        ${progress?.phase === 'downloading' ? 'Downloading' : 'Opening'}
        ${shortName(name)}${describe(this.current)}
      </p>
      <button @click=${() => this.dispatchEvent(new Event('stop'))}>Cancel</button>
      ${
        total
          ? html`<progress aria-labelledby="text" max=${total} .value=${progress.numDone}></progress>`
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
