/** Models that the page can load. */

/** A model as the picker names it. */
export interface ModelChoice {
  readonly name: string;
  /** A folder's URL, its files, or the name of a model in the store. */
  readonly source: string | readonly File[] | { readonly storedId: string };
  /** GPU memory limit that it needs at least, in bytes; undefined where any may do. */
  readonly minGpuBytes?: number;
}

/** The model that ships with the page. */
export const embeddedModel: ModelChoice = {
  name: 'Scout',
  source: new URL('models/scout/', document.baseURI).href,
};
