/** What the engine takes, and its settings, planned anew as they are moved. Fires `apply` with settings. */
import { LitElement, css, html, type PropertyValues } from 'lit';
import type { CacheMap, EngineStats, EnginePlan, RerankEvent } from '../../src/index';
import type { Forecast } from '../engine-controller';
import { formatBytes, formatCount, formatShare } from '../format';
import { gpuByteChoices, pageChoices, type Settings } from '../settings';
import { controls } from '../shared-styles';
import './cache-map';

const pageTokens = 16;

/** A slider over a few choices. */
interface RangeSetting {
  readonly id: string;
  readonly label: string;
  readonly choices: readonly number[];
  readonly value: number;
  /** The value as text. */
  readonly shown: string;
  readonly change: (value: number) => Partial<Settings>;
  readonly isDisabled?: boolean;
}

/** See the file's header. */
export class MemoryPanel extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, max(26rem, 40%)), 1fr));
        gap: 1rem 2rem;
        padding: 1rem;
      }

      .map {
        grid-column: 1 / -1;
      }

      h2 {
        margin-bottom: 0.5rem;
        font-size: 1rem;
      }

      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.25rem 1rem;
        margin: 0 0 0.5rem;
        font-variant-numeric: tabular-nums;
      }

      dt {
        color: var(--ink-soft);
      }

      dd {
        margin: 0;
      }

      .setting {
        margin-bottom: 0.75rem;
      }

      .setting label {
        display: flex;
        justify-content: space-between;
        gap: 1rem;
      }

      .setting output {
        font-variant-numeric: tabular-nums;
      }

      input[type='range'] {
        width: 100%;
      }

      .check {
        display: flex;
        gap: 0.5rem;
        align-items: baseline;
        margin-bottom: 0.5rem;
      }

      .problem {
        color: var(--danger);
      }

      .forecast {
        min-height: 3em;
        margin-bottom: 0.5rem;
      }
    `,
  ];

  static override properties = {
    settings: { attribute: false },
    stats: { attribute: false },
    plan: { attribute: false },
    canApply: { attribute: false },
    map: { attribute: false },
    isMapLive: { attribute: false },
    promotions: { attribute: false },
    draft: { state: true },
    forecast: { state: true },
  };
  /** What the engine was loaded with. */
  declare settings: Settings;
  declare stats: EngineStats | undefined;
  declare plan: EnginePlan | undefined;
  /** Whether the engine can be loaded again now. */
  declare canApply: boolean;
  /** Where the pages are. */
  declare map: CacheMap | undefined;
  /** Whether an answer ran when the map was read. */
  declare isMapLive: boolean;
  declare promotions: RerankEvent['promotions'];
  /** Asks the engine what settings would take. */
  declare forecaster: (settings: Settings) => Promise<Forecast | undefined>;
  declare draft: Settings;
  declare forecast: Forecast | undefined;

  constructor() {
    super();
    this.stats = undefined;
    this.plan = undefined;
    this.map = undefined;
    this.isMapLive = false;
    this.promotions = [];
    this.canApply = false;
    this.forecast = undefined;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('settings')) this.draft = this.settings;
    if (changed.has('draft') || changed.has('plan')) void this.#plan();
  }

  protected override render() {
    return html`
      <section class="map" aria-labelledby="cache">
        <h2 id="cache">Cache</h2>
        ${
          this.map
            ? html`<longpage-cache-map
                .map=${this.map}
                .isLive=${this.isMapLive}
                .promotions=${this.promotions}
              ></longpage-cache-map>`
            : html`<p class="soft">Ask something to see where the pages of the context are.</p>`
        }
      </section>
      <section aria-labelledby="now">
        <h2 id="now">Now</h2>
        ${this.stats && this.plan ? this.#renderNow(this.stats, this.plan) : html`<p class="soft">No model is loaded.</p>`}
      </section>
      <section aria-labelledby="settings">
        <h2 id="settings">Settings</h2>
        ${this.#renderSettings()}
      </section>
    `;
  }

  #renderNow({ memory, kv }: EngineStats, { gpuBytes, contextTokens }: EnginePlan) {
    const { weights } = memory.gpuBytes;
    const residentShare = kv.pages === 0 ? '' : ` of ${kv.pages.toLocaleString('en')}`;
    return html`<dl>
      <dt>On the GPU</dt>
      <dd>
        ${formatBytes(memory.total - weights)} of ${formatBytes(this.settings.gpuBytes)}, and
        ${formatBytes(weights)} of weights
      </dd>
      <dt>In memory</dt>
      <dd>${formatBytes(memory.hostBytes)} set aside for pages</dd>
      <dt>Pages on the GPU</dt>
      <dd>${kv.residentPages.toLocaleString('en')}${residentShare}</dd>
      <dt>On the disk</dt>
      <dd>${formatBytes(kv.tierBytes.disk)} of pages</dd>
      <dt>Brought back</dt>
      <dd>
        ${formatCount(kv.promotions, 'page')} in ${formatCount(kv.reranks, 'rerank')}; waiting for them took
        ${formatShare(kv.stallShare)} of answering
      </dd>
      <dt>Pages take</dt>
      <dd>${formatBytes(gpuBytes.kv)} at most</dd>
      <dt>Context</dt>
      <dd>${formatCount(contextTokens, 'token')}</dd>
    </dl>`;
  }

  #renderSettings() {
    const { gpuBytes, pagesPerHead, isExact } = this.draft;
    const isSame =
      gpuBytes === this.settings.gpuBytes &&
      pagesPerHead === this.settings.pagesPerHead &&
      isExact === this.settings.isExact;
    const isPossible = this.forecast !== undefined && 'plan' in this.forecast;
    return html`
      ${this.#renderRange({
        id: 'limit',
        label: 'GPU memory limit',
        choices: gpuByteChoices,
        value: gpuBytes,
        shown: formatBytes(gpuBytes),
        change: (value) => ({ gpuBytes: value }),
      })}
      ${this.#renderRange({
        id: 'pages',
        label: 'Pages that a head attends',
        choices: pageChoices,
        value: pagesPerHead,
        shown: isExact
          ? 'all'
          : `${pagesPerHead} (${(pagesPerHead * pageTokens).toLocaleString('en')} tokens)`,
        change: (value) => ({ pagesPerHead: value }),
        isDisabled: isExact,
      })}
      <label class="check">
        <input
          type="checkbox"
          .checked=${isExact}
          @change=${(event: Event) => this.#change({ isExact: (event.target as HTMLInputElement).checked })}
        />
        <span>Exact: every head attends every page, all on the GPU</span>
      </label>
      <p class="forecast soft" role="status">${this.#renderForecast()}</p>
      <button
        class="primary"
        ?disabled=${isSame || !isPossible || !this.canApply}
        @click=${() => this.dispatchEvent(new CustomEvent<Settings>('apply', { detail: this.draft }))}
      >
        Apply
      </button>
    `;
  }

  #renderRange({ id, label, choices, value, shown, change, isDisabled = false }: RangeSetting) {
    return html`<div class="setting">
      <label for=${id}>${label} <output>${shown}</output></label>
      <input
        id=${id}
        type="range"
        min="0"
        max=${choices.length - 1}
        .value=${String(choices.indexOf(value))}
        aria-valuetext=${shown}
        ?disabled=${isDisabled}
        @input=${(event: Event) => this.#change(change(choices[Number((event.target as HTMLInputElement).value)]!))}
      />
    </div>`;
  }

  #renderForecast() {
    const { forecast } = this;
    if (!forecast) return '';
    if ('problem' in forecast) return html`<span class="problem">${forecast.problem}</span>`;
    const { gpuBytes, totalGpuBytes, contextTokens } = forecast.plan;
    return html`These take ${formatBytes(totalGpuBytes - gpuBytes.weights)} beside the weights,
    ${formatBytes(gpuBytes.kv)} of it pages, and hold a context of ${formatCount(contextTokens, 'token')}.`;
  }

  #change(change: Partial<Settings>): void {
    this.draft = { ...this.draft, ...change };
  }

  async #plan(): Promise<void> {
    const { draft } = this;
    const forecast = await this.forecaster(draft);
    if (draft === this.draft) this.forecast = forecast;
  }
}

customElements.define('longpage-memory-panel', MemoryPanel);
