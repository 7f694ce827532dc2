/** Where a question is typed, sent and its answer stopped. Fires `question` with the text, and `stop`. */
import { LitElement, css, html } from 'lit';
import { controls } from '../shared-styles';

/** See the file's header. */
export class ChatInput extends LitElement {
  static override styles = [
    controls,
    css`
      form {
        display: grid;
        grid-template-columns: 1fr auto;
        align-items: end;
        gap: 0.5rem;
      }

      textarea {
        field-sizing: content;
        min-height: 2.75rem;
        max-height: 12rem;
        resize: none;
      }

      button {
        min-height: 2.75rem;
        min-width: 5rem;
      }
    `,
  ];

  static override properties = { whyNotReady: { attribute: false }, isAnswering: { attribute: false } };
  /** What is missing before a question can be asked; undefined for nothing. */
  declare whyNotReady: string | undefined;
  declare isAnswering: boolean;

  constructor() {
    super();
    this.whyNotReady = undefined;
    this.isAnswering = false;
  }

  /** Puts the cursor into the text field. */
  override focus(): void {
    this.#field?.focus();
  }

  protected override render() {
    return html`
      <form @submit=${this.#onSubmit}>
        <label class="visually-hidden" for="question">Your question</label>
        <textarea
          id="question"
          rows="1"
          placeholder=${(!this.isAnswering && this.whyNotReady) || 'Ask something'}
          @keydown=${this.#onKey}
        ></textarea>
        ${
          this.isAnswering
            ? html`<button type="button" @click=${this.#onStopClick}>Stop</button>`
            : html`<button class="primary" type="submit" ?disabled=${this.whyNotReady !== undefined}>
                Ask
              </button>`
        }
      </form>
    `;
  }

  get #field(): HTMLTextAreaElement | null {
    return this.renderRoot.querySelector('textarea');
  }

  #onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && this.isAnswering) this.#onStop();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#send();
  };

  #onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    this.#send();
  };

  /** The button comes where the one was that asked: who clicked that twice wants no stop. */
  #onStopClick = (event: MouseEvent): void => {
    if (event.detail < 2) this.#onStop();
  };

  #onStop = (): void => {
    this.dispatchEvent(new Event('stop'));
    // The button goes away with the answer: the keyboard's focus must not go with it.
    this.focus();
  };

  #send(): void {
    const field = this.#field;
    const text = field?.value.trim();
    // What is typed while an answer comes stays until it can be asked.
    if (!field || !text || this.isAnswering || this.whyNotReady !== undefined) return;
    field.value = '';
    this.focus();
    this.dispatchEvent(new CustomEvent<string>('question', { detail: text }));
  }
}

customElements.define('longpage-chat-input', ChatInput);
