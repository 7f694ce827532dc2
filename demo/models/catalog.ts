/** The models that a person can choose from, each with what it needs and how much of it is here: pure. */
import type { ModelChoice } from '../models';
import { parseReference, type HubModel, type HubReference } from '../../src/source/hub/hub';
import type { ListedModel } from './model-list';
import { storedIdOf, type DownloadProgress, type StoredModel } from '../../src/source/hub/model-store';

/** Where a model is. */
type Availability = 'absent' | 'waiting' | 'downloading' | 'partial' | 'here';

/** A model as the picker shows it. */
export interface CatalogEntry {
  /** Its name in the store, or its folder on this site. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly availability: Availability;
  readonly downloadBytes: number;
  /** Bytes of it that are here. */
  readonly loadedBytes: number;
  /** GPU bytes that it needs, weights included. */
  readonly gpuBytes: number;
  /** The context, in tokens, that fits into these; undefined for a model that nobody has reckoned for. */
  readonly contextTokens?: number;
  /** What to load, once it is here. */
  readonly choice: ModelChoice;
  /** `owner/name@commit`; undefined for a model that comes with the site, which is always here. */
  readonly reference?: string;
}

/** What is known of models. */
interface CatalogInput {
  readonly listed: readonly ListedModel[];
  readonly stored: readonly StoredModel[];
  /** Those that were looked up by name. */
  readonly found: readonly HubModel[];
  /** Downloads under way, by the model's name in the store. */
  readonly downloads: ReadonlyMap<string, DownloadProgress>;
}

/** GPU bytes beside the weights for a model that the list says nothing of. */
const usualKvGpuBytes = 256 * 2 ** 20;

/** Those on the list first, in its order; then those that were looked up; then all else that is stored. */
export function catalog({ listed, stored, found, downloads }: CatalogInput): CatalogEntry[] {
  const storedById = new Map(stored.map((model) => [model.id, model]));
  const hubEntry = (
    { repository, quantization, revision: commit }: HubReference,
    about: Omit<ListedModel, 'contextTokens'> & { readonly contextTokens?: number },
  ): CatalogEntry => {
    const { name, description, downloadBytes, weightBytes, kvGpuBytes, contextTokens } = about;
    const named = storedIdOf({ repository, commit, ...(quantization !== undefined && { quantization }) });
    // What is listed at a branch is here under the commit that the branch was when it came.
    const ofBranch = (model: StoredModel) =>
      model.repository === repository && model.quantization === quantization && model.revision === commit;
    const id = downloads.has(named) ? named : (stored.findLast(ofBranch)?.id ?? named);
    const here = storedById.get(id);
    const download = downloads.get(id);
    return {
      id,
      name,
      description,
      ...(contextTokens !== undefined && { contextTokens }),
      reference: `${repository}${quantization === undefined ? '' : `:${quantization}`}@${commit}`,
      downloadBytes: here?.totalBytes ?? downloadBytes,
      loadedBytes: download?.loadedBytes ?? here?.storedBytes ?? 0,
      gpuBytes: weightBytes + kvGpuBytes,
      availability: download?.phase ?? availabilityOf(here),
      choice: { name, source: { storedId: id }, minGpuBytes: kvGpuBytes },
    };
  };
  const other = ({ commit, totalBytes, weightBytes, ...model }: HubModel | StoredModel) =>
    hubEntry(
      { ...model, revision: commit },
      {
        name:
          model.quantization === undefined ? model.repository : `${model.repository} ${model.quantization}`,
        description: `At commit ${commit.slice(0, 7)}.`,
        downloadBytes: totalBytes,
        weightBytes,
        kvGpuBytes: usualKvGpuBytes,
      },
    );
  const entries = [
    ...listed.map((model) => {
      const { reference, source } = model;
      if (reference === undefined) return siteEntry(model, source!);
      return hubEntry(parseReference(reference), model);
    }),
    ...found.map(other),
    ...stored.map(other),
  ];
  const seen = new Set<string>();
  return entries.filter(({ id }) => !seen.has(id) && seen.add(id));
}

function siteEntry(
  { name, description, downloadBytes, weightBytes, contextTokens, kvGpuBytes }: ListedModel,
  source: string,
): CatalogEntry {
  return {
    id: source,
    name,
    description,
    downloadBytes,
    loadedBytes: downloadBytes,
    contextTokens,
    gpuBytes: weightBytes + kvGpuBytes,
    availability: 'here',
    choice: { name, source },
  };
}

function availabilityOf(stored: StoredModel | undefined): Availability {
  if (stored?.isComplete) return 'here';
  return stored ? 'partial' : 'absent';
}
