/** The cache as a picture: a row for each head, a column for each page of the context, with a legend that says it in numbers. */
import { LitElement, css, html, type PropertyValues } from 'lit';
import type { CacheMap as Map, RerankEvent } from '../../src/index';
import { pictureOf, type CachePicture, type PageState } from '../cache-picture';
import { controls } from '../shared-styles';

/** How long pages that came back are shown as such. */
const flashMs = 700;

/** Pixels of a row, of the mark of heads that keep everything, and of the gap beside it. */
const rowPixels = 5;
const markPixels = 4;
const gapPixels = 3;
const widthPixels = 900;

const legend: readonly (readonly [state: PageState, label: string])[] = [
  ['selected', 'attended now'],
  ['resident', 'on the GPU'],
  ['host', 'in memory'],
  ['disk', 'on the disk'],
  ['promoted', 'just came back'],
];

/** See the file's header. */
export class CacheMap extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
      }

      canvas {
        display: block;
        width: 100%;
        /* As many pixels as it is drawn with, so that a wide window has room for the rest. */
        height: auto;
        max-height: 10rem;
        border-radius: 0.25rem;
        image-rendering: pixelated;
      }

      ul {
        display: flex;
        flex-wrap: wrap;
        gap: 0.15rem 1rem;
        margin: 0.5rem 0 0;
        padding: 0;
        list-style: none;
        font-variant-numeric: tabular-nums;
      }

      li span {
        display: inline-block;
        width: 0.8em;
        height: 0.8em;
        margin-inline-end: 0.35em;
        border-radius: 0.15em;
        vertical-align: -0.05em;
      }

      .selected {
        background: var(--map-selected);
      }

      .resident {
        background: var(--map-resident);
      }

      .host {
        background: var(--map-host);
      }

      .disk {
        background: var(--map-disk);
        outline: 1px solid var(--line);
      }

      .promoted,
      .unstable {
        background: var(--map-flash);
      }

      .unstable {
        width: 0.3em !important;
      }
    `,
  ];

  static override properties = {
    map: { attribute: false },
    promotions: { attribute: false },
    picture: { state: true },
  };
  declare map: Map;
  /** What the latest rerank brought back. */
  declare promotions: RerankEvent['promotions'];
  declare picture: CachePicture;
  #flashEnd: ReturnType<typeof setTimeout> | undefined;
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)');

  constructor() {
    super();
    this.promotions = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#scheme.addEventListener('change', this.#onScheme);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#scheme.removeEventListener('change', this.#onScheme);
    clearTimeout(this.#flashEnd);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('map') && !changed.has('promotions')) return;
    const columns = widthPixels - markPixels - gapPixels;
    this.picture = pictureOf(this.map, this.promotions, columns);
    clearTimeout(this.#flashEnd);
    if (this.picture.counts.promoted > 0) {
      this.#flashEnd = setTimeout(() => (this.picture = pictureOf(this.map, [], columns)), flashMs);
    }
  }

  protected override render() {
    const { map, picture } = this;
    const numUnstable = map.isUnstable.reduce((sum, flag) => sum + flag, 0);
    const heads = `${map.numLayers} layers of ${map.numKvHeads} heads down, ${map.numPages} pages of 16 tokens across`;
    return html`
      <canvas
        role="img"
        aria-label="Map of the cache: ${heads}. The list below says where its pages are."
      ></canvas>
      <ul aria-label="Pages by place">
        ${legend.map(
          ([state, label]) =>
            html`<li><span class=${state}></span>${picture.counts[state].toLocaleString('en')} ${label}</li>`,
        )}
        <li>
          <span class="unstable"></span>${numUnstable} of ${map.isUnstable.length} heads are unstable and keep
          all pages on the GPU
        </li>
      </ul>
    `;
  }

  protected override updated(): void {
    const canvas = this.renderRoot.querySelector('canvas')!;
    const { numRows, numColumns, cells } = this.picture;
    canvas.width = widthPixels;
    canvas.height = numRows * rowPixels;
    const context = canvas.getContext('2d');
    if (!context) return;
    const colours = this.#colours();
    const left = markPixels + gapPixels;
    const width = (widthPixels - left) / Math.max(1, numColumns);
    for (let row = 0; row < numRows; row++) {
      const y = row * rowPixels;
      if (this.map.isUnstable[row]) {
        context.fillStyle = colours.promoted;
        context.fillRect(0, y, markPixels, rowPixels - 1);
      }
      for (let column = 0; column < numColumns; column++) {
        const state = cells[row * numColumns + column]!;
        if (state === 'none') continue;
        context.fillStyle = colours[state];
        const x = Math.round(left + column * width);
        const end = Math.round(left + (column + 1) * width);
        context.fillRect(x, y, Math.max(1, end - x - (width > 4 ? 1 : 0)), rowPixels - 1);
      }
    }
  }

  /** A canvas keeps the colours that it was drawn with. */
  #onScheme = (): void => this.requestUpdate();

  /** The legend's own colours, as the browser made them of light or dark. */
  #colours(): Record<Exclude<PageState, 'none'>, string> {
    const colour = (state: PageState) =>
      getComputedStyle(this.renderRoot.querySelector(`span.${state}`)!).backgroundColor;
    return {
      promoted: colour('promoted'),
      selected: colour('selected'),
      resident: colour('resident'),
      host: colour('host'),
      disk: colour('disk'),
    };
  }
}

customElements.define('longpage-cache-map', CacheMap);
