/** How far a model has loaded, in bytes. Fires `stop`. */
import { LitElement, css, html } from 'lit';
import type { LoadProgress as Progress } from '../../src/index';
import { formatBytes } from '../format';
import { controls } from '../shared-styles';

/** See the file's header. */
export class LoadProgress extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 0.5rem 1rem;
        padding: 0.25rem 1rem;
        border-bottom: 1px solid var(--line);
        color: var(--ink-soft);
        font-size: 0.875rem;
      }

      p {
        font-variant-numeric: tabular-nums;
      }

      progress {
        flex: 1;
        min-width: 3rem;
      }
    `,
  ];

  static override properties = { name: {}, progress: { attribute: false } };
  declare name: string;
  declare progress: Progress | undefined;

  constructor() {
    super();
    this.name = '';
  }

  protected override render() {
    const { progress } = this;
    const total = progress?.totalBytes;
    const amount = !total
      ? 'starting…'
      : progress.phase === 'weights' || progress.phase === 'download'
        ? `${formatBytes(progress.loadedBytes)} of ${formatBytes(total)}`
        : 'preparing the GPU…';
    return html`
      <p id="text">Loading ${this.name}: ${amount}</p>
      ${
        total
          ? html`<progress aria-labelledby="text" max=${total} .value=${progress.loadedBytes}></progress>`
          : html`<progress aria-labelledby="text"></progress>`
      }
      <button class="quiet" @click=${() => this.dispatchEvent(new Event('stop'))}>Cancel</button>
    `;
  }
}

customElements.define('longpage-load-progress', LoadProgress);
