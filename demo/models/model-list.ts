/** The short list of models that the page offers: `public/models.json`. */
import { EngineError } from '../../src/index';

/** A model on the list, and what it needs. It has a source or a reference. */
export interface ListedModel {
  readonly name: string;
  /** What it is good for, in a sentence. */
  readonly description: string;
  /** A folder of this site, relative to the page. */
  readonly source?: string;
  /** A repository of the hub, pinned to a commit: `owner/name@commit`. */
  readonly reference?: string;
  /** Bytes to download, about; the hub says how many exactly. */
  readonly downloadBytes: number;
  /** GPU bytes of the weights, by the format that they are loaded in. */
  readonly weightBytes: { readonly f16: number; readonly q4: number };
  /** A context, in tokens, prompt and answer. */
  readonly contextTokens: number;
  /** GPU bytes beside the weights in which that context fits: what `kv.gpuBytes` should be at least. */
  readonly kvGpuBytes: number;
}

function isListed(value: object): value is ListedModel {
  const { name, description, source, reference, downloadBytes, weightBytes, contextTokens, kvGpuBytes } =
    value as Record<string, unknown>;
  const { f16, q4 } = (weightBytes ?? {}) as Record<string, unknown>;
  const numbers = [downloadBytes, f16, q4, contextTokens, kvGpuBytes];
  return (
    typeof name === 'string' &&
    typeof description === 'string' &&
    typeof (source ?? reference) === 'string' &&
    numbers.every((number) => Number.isSafeInteger(number))
  );
}

/** @throws TypeError when the value is no list of models */
export function parseModelList(value: unknown): readonly ListedModel[] {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  const models = entries.filter((entry) => typeof entry === 'object' && entry !== null && isListed(entry));
  if (models.length > 0 && models.length === entries.length) return models;
  throw new TypeError('models.json is no list of models.');
}

/** @throws EngineError `network` when the list cannot be had; the signal's reason when aborted */
export async function fetchModelList(
  url: string | URL = new URL('models.json', document.baseURI),
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<readonly ListedModel[]> {
  try {
    const response = await fetch(url, signal ? { signal } : {});
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return parseModelList(await response.json());
  } catch (cause) {
    signal?.throwIfAborted();
    throw new EngineError('network', 'The list of models could not be read. Load the page again.', { cause });
  }
}
