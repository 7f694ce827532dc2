/** What becomes of the engine: loading, failing, the models to pick from, and below all what it costs. */
import { html } from 'lit';
import { ModelStore } from '../../src/source/hub/model-store';
import '../components/error-panel';
import '../components/load-progress';
import '../components/memory-panel';
import '../components/model-picker';
import { formatBytes, formatRate } from '../format';
import { icons } from '../icons';
import { idOfChoice, type ModelChoice } from '../models';
import type { CatalogEntry } from '../models/catalog';
import type { Settings } from '../settings';
import type { View } from './view';

/** The models to pick from. */
export function pickerView({ controllers, actions }: View) {
  const { phase, choice } = controllers.engine;
  const { entries, problems, problem, isSearching } = controllers.models;
  return html`<longpage-model-picker
    .entries=${entries}
    .problems=${problems}
    .problem=${problem}
    .isSearching=${isSearching}
    .canStore=${ModelStore.isAvailable}
    .currentId=${phase === 'ready' && choice ? idOfChoice(choice) : undefined}
    @model-chosen=${(event: CustomEvent<ModelChoice>) => void actions.useModel(event.detail)}
    @find=${(event: CustomEvent<string>) => void controllers.models.find(event.detail)}
    @download=${(event: CustomEvent<CatalogEntry>) => void controllers.models.download(event.detail)}
    @stop=${(event: CustomEvent<CatalogEntry>) => controllers.models.stop(event.detail.id)}
    @delete=${(event: CustomEvent<CatalogEntry>) => void controllers.models.delete(event.detail.id)}
  ></longpage-model-picker>`;
}

/** What is to be said of the engine before it can be used. */
export function engineView({ controllers, actions }: View) {
  const { phase, error, choice, progress, isRecovering } = controllers.engine;
  if (isRecovering) {
    return html`<p class="banner" role="status">
      The GPU was lost. The page is getting another one; answers go on by themselves.
    </p>`;
  }
  if (phase === 'loading') {
    return html`<longpage-load-progress
      role="region"
      aria-label="Loading the model"
      .name=${choice?.name ?? ''}
      .progress=${progress}
      @stop=${() => actions.stopLoading()}
    ></longpage-load-progress>`;
  }
  if (phase !== 'failed') return null;
  return html`<longpage-error-panel
    class="banner"
    .error=${error}
    .isFatal=${true}
    .gpuBytes=${controllers.engine.settings.gpuBytes}
    @retry=${() => void controllers.engine.reload()}
    @pick=${() => actions.pick()}
    @limit=${(event: CustomEvent<number>) => actions.limit(event.detail)}
  ></longpage-error-panel>`;
}

/** What the engine costs, with the memory panel. */
export function footerView({ controllers, actions, state }: View) {
  const { choice, stats, tokensPerSecond, settings, plan, cache } = controllers.engine;
  const parts = stats ? [choice?.name ?? '', `${formatBytes(stats.memory.total)} on the GPU`] : [];
  if (stats && stats.memory.hostBytes > 0) parts.push(`${formatBytes(stats.memory.hostBytes)} in memory`);
  if (tokensPerSecond !== undefined) parts.push(formatRate(tokensPerSecond));
  return html`<footer>
    <div class="status">
      <span>${parts.join(' · ')}</span>
      <button
        class="quiet"
        aria-expanded=${state.hasMemory}
        aria-controls="memory"
        @click=${() => actions.toggleMemory()}
      >
        Memory ${state.hasMemory ? icons.down : icons.up}
      </button>
    </div>
    <div id="memory" ?hidden=${!state.hasMemory}>
      <longpage-memory-panel
        .settings=${settings}
        .stats=${stats}
        .plan=${plan}
        .map=${cache.map}
        .isMapLive=${cache.isMapLive}
        .promotions=${cache.promotions}
        .canApply=${controllers.engine.phase === 'ready' && controllers.chat.answeringId === undefined}
        .forecaster=${actions.forecast}
        @apply=${(event: CustomEvent<Settings>) => void controllers.engine.reload(event.detail)}
      ></longpage-memory-panel>
    </div>
  </footer>`;
}
