/** The short list of models that the page offers, and the hub that it asks for others: `public/models.json`. */
import { EngineError } from '../../src/index';
import { parseReference } from '../../src/source/hub/hub';
import { defaultHubUrl, parseUrl } from '../../src/source/hub/hub-address';

/** A model on the list, and what it needs. It has a source or a reference. */
export interface ListedModel {
  readonly name: string;
  /** What it is good for, in a sentence. */
  readonly description: string;
  /** A folder of this site, relative to the page. */
  readonly source?: string;
  /** A model of the hub: `owner/name:Q4_K_M`, with `@commit` where it is pinned to one. */
  readonly reference?: string;
  /** Bytes to download, about; the hub says how many exactly. */
  readonly downloadBytes: number;
  /** GPU bytes of the weights as the page loads them: as the file has them. */
  readonly weightBytes: number;
  /** A context, in tokens, prompt and answer. */
  readonly contextTokens: number;
  /** GPU bytes beside the weights in which that context fits: what `kv.gpuBytes` should be at least. */
  readonly kvGpuBytes: number;
}

/** What the page offers, and where it looks for what it does not. */
export interface ModelList {
  /** A server that answers as the Hugging Face hub does; the policy of the page must name it. */
  readonly hubUrl: string;
  readonly models: readonly ListedModel[];
}

function isListed(value: unknown): value is ListedModel {
  if (typeof value !== 'object' || value === null) return false;
  const { name, description, source, reference, ...numbers } = value as Record<string, unknown>;
  const { downloadBytes, weightBytes, contextTokens, kvGpuBytes } = numbers;
  return (
    typeof name === 'string' &&
    typeof description === 'string' &&
    (source === undefined ? isReference(reference) : isFolderHere(source)) &&
    [downloadBytes, weightBytes, contextTokens, kvGpuBytes].every(
      (number) => Number.isSafeInteger(number) && (number as number) >= 0 && (number as number) <= 2 ** 44,
    )
  );
}

/** A folder below the page's own, whatever else a URL can name. */
function isFolderHere(source: unknown): boolean {
  const page = 'https://page.invalid/at/';
  return typeof source === 'string' && parseUrl(source, page)?.href.startsWith(page) === true;
}

function isReference(reference: unknown): boolean {
  try {
    return typeof reference === 'string' && parseReference(reference).repository !== '';
  } catch {
    return false;
  }
}

function isHub(url: unknown): url is string {
  return typeof url === 'string' && /^https?:$/.test(parseUrl(url)?.protocol ?? '');
}

/** @throws TypeError when the value is no list of models */
export function parseModelList(value: unknown): ModelList {
  const { hub = defaultHubUrl, models } = (value ?? {}) as Record<string, unknown>;
  if (isHub(hub) && Array.isArray(models) && models.length > 0 && models.every(isListed)) {
    return { hubUrl: hub.replace(/\/$/, ''), models };
  }
  throw new TypeError('models.json is no list of models.');
}

/** @throws EngineError `network` when the list cannot be had */
export async function fetchModelList(
  url: string | URL = new URL('models.json', document.baseURI),
): Promise<ModelList> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return parseModelList(await response.json());
  } catch (cause) {
    throw new EngineError('network', 'The list of models could not be read. Load the page again.', { cause });
  }
}
