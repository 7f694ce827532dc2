/** The settings that are compared with dense attention: those of `npm run eval` in which texts without questions can differ, and more. Pure. */
import { disabledFeatures, settings as evalSettings, type Setting as EvalSetting } from '../eval/settings';

/** One row of the table. */
export interface Setting {
  /** What `--settings` selects it by. */
  readonly name: string;
  readonly title: string;
  /** Options of `Engine.load`; the model's head profile is added. */
  readonly kv: Readonly<Record<string, unknown>>;
  readonly disabledFeatures: readonly 'whole-lists'[];
}

/** These differ in how follow-ups are read, in what waits for what, or only for a calibration that is Scout's. */
const leftOut = /follow-up|^pause$|^retrieval/;

const selecting = ({ name, title, kv }: EvalSetting): Setting => ({
  name,
  title,
  kv: { ...kv },
  disabledFeatures,
});

const paper = evalSettings.find(({ name }) => name === 'unstable-25')!;
const digest = evalSettings.find(({ name }) => name === 'digest')!;

const changed = (
  base: EvalSetting,
  name: string,
  title: string,
  changes: Readonly<Record<string, unknown>>,
): Setting => ({
  name,
  title,
  kv: { ...base.kv, ...changes },
  disabledFeatures,
});

/** All settings. K is what they say, whatever the context. */
export const settings: readonly Setting[] = [
  { name: 'default', title: "the engine's defaults", kv: {}, disabledFeatures: [] },
  ...evalSettings.filter(({ name, kv }) => kv && !leftOut.test(name)).map(selecting),
  { ...changed(paper, 'whole', 'MinMax, unstable heads attend all', {}), disabledFeatures: [] },
  { ...changed(digest, 'digest-whole', 'digests, unstable heads attend all', {}), disabledFeatures: [] },
  changed(digest, 'digest-no-rerank', 'digests, no rerank', { rerankInterval: 2 ** 16, unstableShare: 0 }),
  changed(digest, 'digest-rerank', 'digests, rerank only', { unstableShare: 0 }),
  changed(digest, 'digest-smallest-k-128', 'digests, 8-bit pages, unstable 12.5 %, K = 128', {
    format: 'int8',
    unstableShare: 0.125,
    pagesPerHead: 128,
  }),
  changed(digest, 'digest-smallest-k-32', 'digests, 8-bit pages, unstable 12.5 %, K = 32', {
    format: 'int8',
    unstableShare: 0.125,
    pagesPerHead: 32,
  }),
  changed(digest, 'digest-k-128', 'digests, K = 128', { pagesPerHead: 128 }),
  changed(digest, 'digest-interval-64', 'digests, interval 64', { rerankInterval: 64 }),
];

/** What is run where no settings are named: the paper's order, its knobs, and the digest's. */
export const usualSettings: readonly string[] = [
  'default',
  'no-rerank',
  'rerank',
  'unstable-12',
  'unstable-25',
  'k-16',
  'k-32',
  'k-128',
  'interval-4',
  'interval-64',
  '8-bit',
  'whole',
  'digest',
  'digest-rerank',
  'digest-12',
  'smallest',
  'digest-k-16',
  'digest-k-32',
  'digest-8-bit',
  'digest-smallest',
];
