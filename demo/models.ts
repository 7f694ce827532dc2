/** Models that the page can load. */

/** A model as the picker names it. */
export interface ModelChoice {
  readonly name: string;
  /** A folder's URL, or its files. */
  readonly source: string | readonly File[];
}

/** The model that ships with the page. */
export const embeddedModel: ModelChoice = {
  name: 'Scout',
  source: new URL('models/scout/', document.baseURI).href,
};
