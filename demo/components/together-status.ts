/** What asking several documents together takes, and how far it is. Fires `alone`. */
import { LitElement, css, html } from 'lit';
import type { ReadingProgress, TogetherPlan } from '../../src/index';
import { formatCount, formatDuration } from '../format';
import { controls, statusBox } from '../shared-styles';
import { describePlan } from '../together';

/** See the file's header. */
export class TogetherStatus extends LitElement {
  static override styles = [
    controls,
    statusBox,
    css`
      :host {
        display: block;
        font-size: 0.9rem;
      }
    `,
  ];

  static override properties = {
    plan: { attribute: false },
    progress: { attribute: false },
  };
  /** Undefined while it is made. */
  declare plan: TogetherPlan | undefined;
  declare progress: ReadingProgress | undefined;

  constructor() {
    super();
    this.plan = undefined;
    this.progress = undefined;
  }

  protected override render() {
    const { plan, progress } = this;
    return html`<section
      class=${plan && !plan.fits ? 'box bad' : 'box'}
      aria-label="Documents asked together"
    >
      <p role="status">${plan ? describePlan(plan) : 'Counting what they come to together…'}</p>
      <button @click=${() => this.dispatchEvent(new Event('alone'))}>Ask only the open one</button>
      ${
        progress
          ? html`<p class="soft" id="reading">${describeReading(progress)}</p>
              <progress
                aria-labelledby="reading"
                max=${progress.numTokens}
                .value=${progress.numReadTokens}
              ></progress>`
          : null
      }
    </section>`;
  }
}

function describeReading({ numReadTokens, numTokens, secondsLeft }: ReadingProgress): string {
  const left = secondsLeft === undefined ? '' : ` · ${formatDuration(secondsLeft * 1000)} left`;
  return `Reading: ${numReadTokens.toLocaleString('en')} of ${formatCount(numTokens, 'token')}${left}`;
}

customElements.define('longpage-together-status', TogetherStatus);
