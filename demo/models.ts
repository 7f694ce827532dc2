/** Models that the page can load, and the one that it loads first. */

/** A model as the picker names it. */
export interface ModelChoice {
  readonly name: string;
  /** A folder's URL, absolute or relative to the page, its files, or the name of a model in the store. */
  readonly source: string | readonly File[] | { readonly storedId: string };
  /** GPU memory limit that it needs at least, in bytes; undefined where any may do. */
  readonly minGpuBytes?: number;
}

/** The model that ships with the page. */
export const embeddedModel: ModelChoice = { name: 'Scout', source: 'models/scout/' };

/** Whether a model is Scout: it looks facts up, and writes nothing of its own. */
export const isScout = (choice: ModelChoice | undefined): boolean => choice?.source === embeddedModel.source;

/** What names a model among others; undefined for files from a folder. */
export function idOfChoice({ source }: ModelChoice): string | undefined {
  if (typeof source === 'string') return source;
  return 'storedId' in source ? source.storedId : undefined;
}

/** A GGUF model among picked or dropped files, with all its parts; undefined where there is none. */
export function choiceOfFiles(files: readonly File[]): ModelChoice | undefined {
  const parts = files.filter(({ name }) => name.endsWith('.gguf'));
  const [first] = parts;
  return first && { name: first.name.replace(/(?:-\d{5}-of-\d{5})?\.gguf$/, ''), source: parts };
}

const key = 'longpage-model';

/** The stored model that was used last, or the embedded one: documents belong to the model that read them. */
export function loadLastModel(): ModelChoice {
  try {
    return parseLastModel(localStorage.getItem(key));
  } catch {
    // A browser that keeps nothing for this page.
    return embeddedModel;
  }
}

/** What was kept, if it makes sense. */
export function parseLastModel(json: string | null): ModelChoice {
  let kept: unknown;
  try {
    kept = JSON.parse(json ?? 'null');
  } catch {
    return embeddedModel;
  }
  const { name, storedId, minGpuBytes } = (kept ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof storedId !== 'string') return embeddedModel;
  const isLimit = typeof minGpuBytes === 'number' && Number.isSafeInteger(minGpuBytes);
  return { name, source: { storedId }, ...(isLimit && { minGpuBytes }) };
}

/** Keeps a choice for the next visit, where the browser lets this page; files of a folder cannot be kept. */
export function saveLastModel({ name, source, minGpuBytes }: ModelChoice): void {
  const isStored = typeof source === 'object' && 'storedId' in source;
  try {
    if (isStored) localStorage.setItem(key, JSON.stringify({ name, storedId: source.storedId, minGpuBytes }));
    else localStorage.removeItem(key);
  } catch (error) {
    console.warn('The model could not be remembered:', error);
  }
}
