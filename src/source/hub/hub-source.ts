/** A model that is loaded by its name on the hub: kept in the browser where that can be, else read from there. */
import { EngineError } from '../../util/errors';
import { fetched } from '../../util/fetched';
import { chooseGguf, directorySource } from '../file-source';
import type { HubLocation } from '../hub-name';
import type { ModelSource } from '../model-source';
import { urlSource } from '../url-source';
import { defaultHubUrl, mayComeFrom } from './hub-address';
import { findHubModel, parseReference, type HubModel, type HubReference } from './hub';
import { ModelStore, type DownloadProgress, type StoredModel } from './model-store';

/** Who wants the model, and is told of it. */
export interface HubSourceOptions {
  readonly signal?: AbortSignal | undefined;
  /** While files arrive that were not here. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly onWarning?: (message: string) => void;
  /** Where models are kept; undefined where they cannot be. By default this browser's. */
  readonly store?: ModelStore | undefined;
}

/**
 * Asks the hub for the commit that the revision means, and fetches what of it is not here, so that an interrupted download goes on. The
 * model is held for as long as the worker lives. Without a network one that was kept under the same name is taken; without room for
 * it, it is read from the hub and not kept.
 * @throws TypeError when the name is none; EngineError `network`, `model-unsupported`, `weights-corrupt`; the signal's reason
 */
export async function hubSource(
  { hubName, hubUrl = defaultHubUrl }: HubLocation,
  options: HubSourceOptions,
): Promise<ModelSource> {
  const { signal, onWarning } = options;
  const reference = parseReference(hubName, hubUrl);
  const available = ModelStore.isAvailable ? new ModelStore() : undefined;
  const store = 'store' in options ? options.store : available;
  const model = await currentModel(reference, hubUrl.replace(/\/$/, ''), store, options);
  const onProgress = (progress: DownloadProgress) => options.onProgress?.(progress);
  const stopping = signal && { signal };
  let id: string;
  if (!isFound(model)) id = model.id;
  else if (!store) return remoteSource(model, signal);
  else {
    try {
      ({ id } = await store.download(model, { ...stopping, onProgress }));
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'storage-quota')) throw error;
      onWarning?.(`${model.repository} is not kept in this browser. ${error.message}`);
      return remoteSource(model, signal);
    }
  }
  const { directory } = await store!.hold(id, { ...stopping });
  return directorySource(directory, signal);
}

/** Whether the hub was asked for it. */
function isFound(model: HubModel | StoredModel): model is HubModel {
  return 'files' in model;
}

/** The model at the commit that is meant now; what is kept under that name where that is certain, or nobody can be asked. */
async function currentModel(
  reference: HubReference,
  hubUrl: string,
  store: ModelStore | undefined,
  { signal }: HubSourceOptions,
): Promise<HubModel | StoredModel> {
  const { repository, revision, quantization } = reference;
  const kept = ((await store?.list()) ?? []).filter(
    (model) => model.isComplete && model.repository === repository && model.quantization === quantization,
  );
  const pinned = kept.find(({ commit }) => commit === revision);
  if (pinned) return pinned;
  try {
    return await findHubModel(reference, hubUrl, { ...(signal && { signal }) });
  } catch (error) {
    const ofRevision = kept.filter((model) => model.revision === revision);
    const [latest] = ofRevision.sort((a, b) => b.storedAt - a.storedAt);
    if (!latest || !(error instanceof EngineError && error.code === 'network')) throw error;
    return latest;
  }
}

/** The files at their addresses on the hub. They are of one commit, and so they never change. */
async function remoteSource(model: HubModel, signal: AbortSignal | undefined): Promise<ModelSource> {
  const known = new Set(model.files.map(({ name }) => name));
  const [first] = model.files;
  const folder = urlSource(new URL('.', first!.url), {
    isRequired: (name) => known.has(name),
    fetch: async (input, init) => {
      const response = await fetch(input, { ...init, credentials: 'omit' });
      const url = input instanceof Request ? input.url : String(input);
      if (mayComeFrom(url, response.url)) return response;
      await response.body?.cancel();
      throw new EngineError(
        'network',
        `The hub sends those who ask for ${model.repository} to ${new URL(response.url).host}.`,
      );
    },
  });
  const gguf = chooseGguf([...known]);
  return gguf === undefined
    ? folder
    : (await fetched(import('../gguf/gguf-source'))).ggufSource(folder, gguf, signal);
}
