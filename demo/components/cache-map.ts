/** The cache as a picture: a row for each head, a column for each page of the context, with a legend that says it in numbers. */
import { LitElement, css, html, type PropertyValues } from 'lit';
import type { CacheMap as Map, RerankEvent } from '../../src/index';
import { pictureOf, type CachePicture, type PageState } from '../cache-picture';
import { controls } from '../shared-styles';

/** How long pages that came back are shown as such. */
const flashMs = 700;

/** Sizes in CSS pixels: a row at most, all rows together, the mark of heads that keep everything, and the gap beside it. */
const mostRowSize = 5;
const mostSize = 160;
const markSize = 4;
const gapSize = 3;

/** What the colours mean; in a map that was read while an answer ran, and after it. */
const legend: readonly (readonly [state: PageState, whileLive: string, afterwards: string])[] = [
  ['selected', 'attended now', 'attended last, on the GPU'],
  ['resident', 'on the GPU', 'else on the GPU'],
  ['freed', '', 'attended last, freed since'],
  ['host', 'in memory', 'else in memory'],
  ['disk', 'on the disk', 'on the disk'],
  ['promoted', 'just came back', 'just came back'],
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
        height: auto;
        border-radius: 0.25rem;
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

      .freed {
        background: var(--map-freed);
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
    isLive: { attribute: false },
    promotions: { attribute: false },
    picture: { state: true },
    widthPixels: { state: true },
  };
  declare map: Map;
  /** Whether an answer ran when the map was read. */
  declare isLive: boolean;
  /** What the latest rerank brought back. */
  declare promotions: RerankEvent['promotions'];
  declare picture: CachePicture;
  /** Pixels of the screen across: a picture that the browser scales has lines of different widths. */
  declare widthPixels: number;
  #flashEnd: ReturnType<typeof setTimeout> | undefined;
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)');
  readonly #sizes = new ResizeObserver(([entry]) => {
    this.widthPixels = Math.round(entry!.contentRect.width * devicePixelRatio);
  });

  constructor() {
    super();
    this.isLive = false;
    this.widthPixels = 0;
    this.promotions = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#scheme.addEventListener('change', this.#onScheme);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#scheme.removeEventListener('change', this.#onScheme);
    this.#sizes.disconnect();
    clearTimeout(this.#flashEnd);
  }

  protected override firstUpdated(): void {
    this.#sizes.observe(this.renderRoot.querySelector('canvas')!);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const isNews = changed.has('map') || changed.has('promotions') || changed.has('isLive');
    if (!isNews && !changed.has('widthPixels')) return;
    this.picture = this.#pictureWith(this.promotions);
    if (!isNews) return;
    clearTimeout(this.#flashEnd);
    if (this.picture.counts.promoted > 0) {
      this.#flashEnd = setTimeout(() => (this.picture = this.#pictureWith([])), flashMs);
    }
  }

  #pictureWith(promotions: RerankEvent['promotions']): CachePicture {
    const columns = this.widthPixels - Math.round((markSize + gapSize) * devicePixelRatio);
    return pictureOf(this.map, promotions, Math.max(1, columns), this.isLive);
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
          ([state, whileLive, afterwards]) =>
            html`<li ?hidden=${this.isLive && whileLive === ''}>
              <span class=${state}></span>${picture.counts[state].toLocaleString('en')}
              ${this.isLive ? whileLive : afterwards}
            </li>`,
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
    if (this.widthPixels === 0) return;
    const rowSize = Math.min(mostRowSize, mostSize / numRows);
    const rowPixels = Math.max(1, Math.floor(rowSize * devicePixelRatio));
    const [markPixels, gapPixels] = [markSize, gapSize].map((size) => Math.round(size * devicePixelRatio));
    canvas.width = this.widthPixels;
    canvas.height = numRows * rowPixels;
    const context = canvas.getContext('2d');
    if (!context) return;
    const colours = this.#colours();
    const left = markPixels! + gapPixels!;
    const width = (this.widthPixels - left) / Math.max(1, numColumns);
    const height = rowPixels - (rowPixels > 2 ? 1 : 0);
    for (let row = 0; row < numRows; row++) {
      const y = row * rowPixels;
      if (this.map.isUnstable[row]) {
        context.fillStyle = colours.promoted;
        context.fillRect(0, y, markPixels!, height);
      }
      for (let column = 0; column < numColumns; column++) {
        const state = cells[row * numColumns + column]!;
        if (state === 'none') continue;
        context.fillStyle = colours[state];
        const x = Math.round(left + column * width);
        const end = Math.round(left + (column + 1) * width);
        context.fillRect(x, y, Math.max(1, end - x - (width > 4 ? 1 : 0)), height);
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
      freed: colour('freed'),
      host: colour('host'),
      disk: colour('disk'),
    };
  }
}

customElements.define('longpage-cache-map', CacheMap);
