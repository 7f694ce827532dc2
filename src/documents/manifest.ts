/** What the library knows of a document without reading it: plain data, stored last, so that it marks what is complete. */

import { pageTokens, wholePageTokens } from '../cache/page';
import { checkDetails, type DocumentDetails } from '../prompt/places';
import type { RecordPlace } from './record';

/** How a document's pages lie in records. */
export interface PageLayout {
  readonly numLayers: number;
  readonly numKvHeads: number;
  readonly pageBytes: number;
  readonly summaryBytes: number;
  /** What the summaries are; absent: ranges of keys by channel. */
  readonly summaries?: 'digest';
}

/** One document of the library. What it counts as read is stored, all of it. */
export interface Manifest extends DocumentDetails {
  readonly id: string;
  readonly title: string;
  /** First part of its records' keys; another one after every rebuild. */
  readonly key: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly lastUsedAt: number;
  /** Names the weights and formats that its pages are of. */
  readonly fingerprint: string;
  readonly layout: PageLayout;
  /** The date that the chat template was rendered with, in milliseconds since 1970. */
  readonly renderedAt: number;
  /** What the chat template writes before the document. */
  readonly head: string;
  /** Tokens of head and text together; their ids are stored. */
  readonly numTokens: number;
  /** Tokens whose pages are stored, from the first on: whole pages. */
  readonly numReadTokens: number;
  /** Bytes of all its records. */
  readonly storedBytes: number;
  /** It came as a file: whether its contents and a sample of its pages were found to be what its text gives. */
  readonly imported?: 'unchecked' | 'checked';
  /** Why its pages are not to be attended, as a clause, once that was found. */
  readonly problem?: string;
}

/** Pages in one record: a record is what is read at once. */
export const pagesPerRun = 16;

/** Whether all that can be read of it is stored. */
export function isWhole({ numTokens, numReadTokens }: Manifest): boolean {
  return numReadTokens === wholePageTokens(numTokens);
}

/** Pages of the run with this index, in a document of which `numPages` are stored. */
export function pagesOfRun(run: number, numPages: number): number {
  return Math.min(pagesPerRun, numPages - run * pagesPerRun);
}

/** Number of runs that hold `numPages`. */
export function numRuns(numPages: number): number {
  return Math.ceil(numPages / pagesPerRun);
}

/** Lists of pages of a layout: one for every KV head of every layer. */
export function numLists({ numLayers, numKvHeads }: PageLayout): number {
  return numLayers * numKvHeads;
}

/** The records of one run of pages: summaries, then every list's pages. */
export function placesOfRun({ layout }: Manifest, run: number): RecordPlace[] {
  const lists = Array.from({ length: numLists(layout) }, (_, list) => list);
  return [
    { kind: 'summaries', list: 0, run },
    ...lists.map((list) => ({ kind: 'pages' as const, list, run })),
  ];
}

/** Bytes that a record of pages or summaries must have. */
export function payloadBytes({ layout, numReadTokens }: Manifest, { kind, run }: RecordPlace): number {
  const numPages = pagesOfRun(run, numReadTokens / pageTokens);
  return kind === 'summaries'
    ? numLists(layout) * numPages * layout.summaryBytes
    : numPages * layout.pageBytes;
}

/** Limits beyond which a manifest is not believed: they keep a hostile archive from asking for absurd sizes. */
const most = { tokens: 2 ** 24, layers: 1024, kvHeads: 1024, pageBytes: 2 ** 20, textLength: 2 ** 16 };

/**
 * Checks a manifest that comes from outside.
 * @throws TypeError or RangeError for anything that is none, with the field that is wrong
 */
export function parseManifest(value: unknown): Manifest {
  if (typeof value !== 'object' || value === null) throw new TypeError('the manifest is no object');
  const fields = value as Record<string, unknown>;
  const layout = fields.layout;
  if (typeof layout !== 'object' || layout === null) throw new TypeError('the manifest has no layout');
  const sizes = layout as Record<string, unknown>;
  const numTokens = wholeNumber(fields, 'numTokens', 1, most.tokens);
  const manifest: Manifest = {
    id: text(fields, 'id', 1),
    title: text(fields, 'title', 0),
    key: 0,
    createdAt: wholeNumber(fields, 'createdAt', 0, Number.MAX_SAFE_INTEGER),
    lastUsedAt: wholeNumber(fields, 'lastUsedAt', 0, Number.MAX_SAFE_INTEGER),
    fingerprint: text(fields, 'fingerprint', 1),
    layout: {
      numLayers: wholeNumber(sizes, 'numLayers', 1, most.layers),
      numKvHeads: wholeNumber(sizes, 'numKvHeads', 1, most.kvHeads),
      pageBytes: wholeNumber(sizes, 'pageBytes', 16, most.pageBytes),
      summaryBytes: wholeNumber(sizes, 'summaryBytes', 1, most.pageBytes),
      ...summariesOf(sizes),
    },
    renderedAt: wholeNumber(fields, 'renderedAt', 0, Number.MAX_SAFE_INTEGER),
    head: text(fields, 'head', 0),
    numTokens,
    numReadTokens: wholeNumber(fields, 'numReadTokens', 0, wholePageTokens(numTokens)),
    storedBytes: wholeNumber(fields, 'storedBytes', 0, Number.MAX_SAFE_INTEGER),
  };
  const { places, notes } = fields as DocumentDetails;
  const whole = { ...manifest, ...checkDetails({ places, notes }) };
  if (manifest.numReadTokens % pageTokens !== 0) throw new TypeError('numReadTokens is no whole page');
  return whole;
}

function wholeNumber(fields: Record<string, unknown>, name: string, min: number, max: number): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new TypeError(`${name} is no whole number from ${min} to ${max}`);
  }
  return value;
}

function summariesOf({ summaries }: Record<string, unknown>): Pick<PageLayout, 'summaries'> {
  if (summaries === undefined) return {};
  if (summaries !== 'digest') throw new TypeError('summaries is of no known kind');
  return { summaries };
}

function text(fields: Record<string, unknown>, name: string, minLength: number): string {
  const value = fields[name];
  if (typeof value !== 'string' || value.length < minLength || value.length > most.textLength) {
    throw new TypeError(`${name} is no text of ${minLength} to ${most.textLength} characters`);
  }
  return value;
}
