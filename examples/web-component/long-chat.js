/** `<long-chat model="/models/scout/">`: a conversation with a model in the page. Loads it when it is asked first, or with `eager`. */
import { Engine } from 'longpage';

const template = document.createElement('template');
template.innerHTML = `
  <style>
    :host { display: block; font: inherit; }
    ol { list-style: none; margin: 0; padding: 0; }
    li { margin: 0.5em 0; white-space: pre-wrap; }
    li.user { font-weight: bold; }
    form { display: flex; gap: 0.5em; }
    input { flex: 1; font: inherit; }
    button { font: inherit; }
  </style>
  <ol aria-live="polite" part="log"></ol>
  <form part="form">
    <input aria-label="Question" required part="input" />
    <button part="button">Ask</button>
    <button type="button" part="button" hidden>Stop</button>
  </form>
  <p role="status" part="status"></p>`;

export class LongChat extends HTMLElement {
  #messages = [];
  #loading;
  #gone = new AbortController();
  #answer;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.append(template.content.cloneNode(true));
    root.querySelector('form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.ask(root.querySelector('input').value);
    });
    root.querySelector('[type=button]').addEventListener('click', () => this.#answer?.abort());
  }

  connectedCallback() {
    if (this.#gone.signal.aborted) this.#gone = new AbortController();
    if (this.hasAttribute('eager')) this.#engine().catch((error) => this.#say(error.message));
  }

  /** Frees the model; an element that is put back loads it anew, and still has its conversation. */
  disconnectedCallback() {
    this.#gone.abort();
    this.#loading?.then((engine) => engine.dispose()).catch(() => undefined);
    this.#loading = undefined;
  }

  /** Asks, and resolves to the whole answer; `answer` events tell each piece. */
  async ask(question) {
    const [input, ask, stop] = this.shadowRoot.querySelectorAll('input, button');
    this.#messages.push({ role: 'user', content: question });
    this.#line('user', question);
    input.value = '';
    [ask.disabled, stop.hidden] = [true, false];
    const line = this.#line('assistant', '');
    this.#answer = new AbortController();
    const signal = AbortSignal.any([this.#answer.signal, this.#gone.signal]);
    try {
      const engine = await this.#engine();
      const request = { messages: this.#messages, max_tokens: 200, stream: true };
      for await (const { choices } of await engine.chat.completions.create(request, { signal })) {
        line.textContent += choices[0]?.delta.content ?? '';
        this.dispatchEvent(new CustomEvent('answer', { detail: line.textContent }));
      }
    } catch (error) {
      if (!signal.aborted) this.#say(error.message);
    } finally {
      [ask.disabled, stop.hidden] = [false, true];
    }
    if (line.textContent) this.#messages.push({ role: 'assistant', content: line.textContent });
    else this.#messages.pop();
    return line.textContent;
  }

  #engine() {
    const onProgress = ({ loadedBytes, totalBytes }) =>
      this.#say(loadedBytes < totalBytes ? `${Math.round((100 * loadedBytes) / totalBytes)} % loaded` : '');
    const options = { signal: this.#gone.signal, onProgress };
    this.#loading ??= Engine.load(this.getAttribute('model'), options).finally(() => this.#say(''));
    // After a load that failed the next question tries again.
    this.#loading.catch(() => (this.#loading = undefined));
    return this.#loading;
  }

  #line(role, text) {
    const line = Object.assign(document.createElement('li'), { className: role, textContent: text });
    return this.shadowRoot.querySelector('ol').appendChild(line);
  }

  #say = (text) => void (this.shadowRoot.querySelector('[role=status]').textContent = text);
}

customElements.define('long-chat', LongChat);
