/** Asks for the password of a document. Fires `password` with it, and `cancel`. */
import { LitElement, css, html } from 'lit';
import { controls, statusBox } from '../shared-styles';

/** See the file's header. */
export class PasswordForm extends LitElement {
  static override styles = [
    controls,
    statusBox,
    css`
      :host {
        display: block;
      }

      form {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
        align-items: center;
      }

      input {
        flex: 1 1 10rem;
        width: auto;
      }
    `,
  ];

  static override properties = { name: {}, wasWrong: { attribute: false } };
  /** The document's name. */
  declare name: string;
  /** Whether one was given that did not open it. */
  declare wasWrong: boolean;

  constructor() {
    super();
    this.name = '';
    this.wasWrong = false;
  }

  protected override render() {
    return html`<section class="box" aria-labelledby="label">
      <form @submit=${this.#onSubmit}>
        <label id="label" for="password">
          ${this.wasWrong ? `That is not the password of “${this.name}”.` : `“${this.name}” is protected with a password.`}
        </label>
        <input id="password" type="password" required autocomplete="off" />
        <button class="primary" type="submit">Open it</button>
        <button type="button" @click=${() => this.dispatchEvent(new Event('cancel'))}>Not this one</button>
      </form>
    </section>`;
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector('input')!.focus();
  }

  #onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const field = this.renderRoot.querySelector('input')!;
    this.dispatchEvent(new CustomEvent<string>('password', { detail: field.value }));
    field.value = '';
  };
}

customElements.define('longpage-password-form', PasswordForm);
