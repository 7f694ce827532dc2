/** An error as a sentence with next steps. Fires `retry`. */
import { LitElement, css, html } from 'lit';
import { describeError } from '../error-text';
import { controls } from '../shared-styles';

/** See the file's header. */
export class ErrorPanel extends LitElement {
  static override styles = [
    controls,
    css`
      section {
        padding: 1rem 1.25rem;
        border: 1px solid var(--danger);
        border-radius: var(--radius);
        background: var(--danger-soft);
      }

      h2 {
        margin: 0;
        color: var(--danger);
        font-size: 1.1rem;
      }

      p {
        margin: 0.25rem 0 0.5rem;
        overflow-wrap: anywhere;
      }

      ul {
        margin: 0 0 0.75rem;
        padding-left: 1.25rem;
      }

      ul:last-child {
        margin-bottom: 0;
      }
    `,
  ];

  static override properties = { error: { attribute: false } };
  declare error: unknown;

  protected override render() {
    const { title, detail, steps, canRetry } = describeError(this.error);
    return html`
      <section role="alert">
        <h2>${title}</h2>
        <p>${detail}</p>
        <ul>
          ${steps.map((step) => html`<li>${step}</li>`)}
        </ul>
        ${
          canRetry
            ? html`<button @click=${() => this.dispatchEvent(new Event('retry'))}>Try again</button>`
            : null
        }
      </section>
    `;
  }
}

customElements.define('longpage-error-panel', ErrorPanel);
