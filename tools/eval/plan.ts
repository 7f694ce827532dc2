/** How much is run: which documents, which settings, how long at most. Data and pure choices. */
import type { DocumentWish } from './documents';
import { settings, type Setting } from './settings';
import { documentKinds } from './task';

export type Effort = 'quick' | 'default' | 'full';

/** What one run does. */
export interface EvalPlan {
  readonly documents: readonly DocumentWish[];
  readonly settings: readonly Setting[];
  /** Settings that would not end within it are left out, and said so; undefined: no limit. */
  readonly limitMinutes: number | undefined;
}

/** What the caller fixed. */
export interface PlanOptions {
  readonly effort: Effort;
  readonly lengths?: readonly number[];
  readonly numDocuments?: number;
  readonly numPerTask?: number;
  readonly settings?: readonly string[];
  readonly limitMinutes?: number;
}

const quickSettings = ['dense', 'digest', 'retrieval', 'unstable-25', 'rerank'];

/** What an effort means where the caller fixed nothing else. */
const efforts: Readonly<
  Record<
    Effort,
    { documents: readonly DocumentWish[]; names: readonly string[] | undefined; limitMinutes?: number }
  >
> = {
  quick: {
    documents: [
      { kind: 'register', lengthTokens: 1024, index: 0, numPerTask: 1 },
      { kind: 'many', lengthTokens: 1024, index: 0, numPerTask: 1 },
    ],
    names: quickSettings,
    limitMinutes: 15,
  },
  default: {
    documents: [
      { kind: 'many', lengthTokens: 1024, index: 0, numPerTask: 3 },
      { kind: 'single', lengthTokens: 1024, index: 0, numPerTask: 3 },
      { kind: 'variables', lengthTokens: 1024, index: 0, numPerTask: 3 },
      { kind: 'words', lengthTokens: 1024, index: 0, numPerTask: 1 },
      { kind: 'register', lengthTokens: 2048, index: 0, numPerTask: 3 },
    ],
    names: undefined,
    limitMinutes: 15,
  },
  full: { documents: grid([4096, 8192, 16_384, 32_000], 4, 4), names: undefined },
};

/** The plan for these options. @throws RangeError for a setting that there is none of */
export function choosePlan(options: PlanOptions): EvalPlan {
  const usual = efforts[options.effort];
  const { lengths, numDocuments, numPerTask } = options;
  const chosen =
    lengths || numDocuments
      ? grid(lengths ?? lengthsOf(usual.documents), numDocuments ?? 1, numPerTask ?? 3)
      : usual.documents.map((wish) => ({ ...wish, numPerTask: numPerTask ?? wish.numPerTask }));
  return {
    documents: chosen,
    settings: chooseSettings(options.settings ?? usual.names),
    limitMinutes: options.limitMinutes ?? usual.limitMinutes,
  };
}

/** The lengths of documents, ascending. */
export function lengthsOf(documents: readonly { readonly lengthTokens: number }[]): number[] {
  return [...new Set(documents.map(({ lengthTokens }) => lengthTokens))].sort((a, b) => a - b);
}

/** Dense comes first whatever is asked for: the others are measured by it. */
function chooseSettings(names: readonly string[] | undefined): Setting[] {
  const unknown = names?.find((name) => !settings.some((setting) => setting.name === name));
  if (unknown !== undefined) {
    const known = settings.map(({ name }) => name).join(', ');
    throw new RangeError(`There is no setting '${unknown}'; there are ${known}.`);
  }
  return settings.filter(({ name }) => name === 'dense' || !names || names.includes(name));
}

function grid(lengths: readonly number[], numDocuments: number, numPerTask: number): DocumentWish[] {
  return lengths.flatMap((lengthTokens) =>
    documentKinds.flatMap((kind) =>
      Array.from({ length: numDocuments }, (_, index) => ({ kind, lengthTokens, index, numPerTask })),
    ),
  );
}
