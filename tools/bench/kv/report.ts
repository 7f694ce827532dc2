/** What `bench kv` measured, as JSON and as a table. Pure but for the progress line. */
import { formatBytes, formatNumber, formatTable } from '../../util/table';
import { median, percentile } from '../statistics';
import { describeEntries } from '../report';
import type { KvBenchOptions, KvCase } from './cases';
import type { LongOptions, LongResult } from './long';
import type { KvResult } from './run';

/** Everything that one run measured. */
export interface KvReport {
  readonly startedAt: string;
  readonly engine: string;
  readonly options: KvBenchOptions;
  readonly results: readonly KvResult[];
}

/** What `--long` measured. */
export interface LongReport {
  readonly startedAt: string;
  readonly engine: string;
  readonly results: readonly (LongResult & { readonly asked: LongOptions })[];
}

/** Bytes of pages and summaries. */
export function kvBytes({ kv, summaries }: { readonly kv: number; readonly summaries: number }): number {
  return kv + summaries;
}

const text = (title: string) => ({ title });
const number = (title: string) => ({ title, isNumber: true });
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** Three tables: bytes, speed, and kinds of steps; then one for each case that was profiled. */
export function describeKvReport({ engine, options, results }: KvReport): string {
  const { shape, fill, pagesPerHead, unstableShare, rerankInterval, isStaggered, isFused, steps } = options;
  const adapters = [
    ...new Set(results.map(({ adapter, isSoftware }) => `${adapter}${isSoftware ? ' (software)' : ''}`)),
  ];
  const filled = fill.kind === 'drift' ? `drift of RCO ${fill.overlap}` : 'random';
  const title =
    `${shape} shape, filled: ${filled}; K ${pagesPerHead}, share ${percent(unstableShare)}, rerank every ${rerankInterval}${isStaggered ? '' : ', all layers at once'}, ` +
    (isFused ? '' : 'two kernels a selection, ') +
    `${steps} steps, by ${engine} on ${adapters.join('; ')}`;
  return [
    title,
    'GPU bytes: pages and summaries as planned and as they are, beside dense f16; all but weights',
    formatTable(memoryColumns, results.map(memoryRow)),
    'Decoding: milliseconds from token to token, median, mean and p99; how many times faster than exact by the mean; weights, attended pages and summaries of a step as a share of what a kernel that only reads gets through',
    formatTable(
      speedColumns,
      results.map((result) => speedRow(result, results)),
    ),
    'Steps by what they do besides decoding, medians',
    formatTable(kindColumns, results.flatMap(kindRows)),
    ...results.flatMap(({ profile, ...result }) => {
      if (!profile) return [];
      const title = `${caseCells(result).join(', ')}: GPU time of a step, mean of ${profile.numDecodeSteps}`;
      return [title, describeEntries(profile.decode)];
    }),
  ].join('\n\n');
}

const caseColumns = [number('tokens'), number('seq.'), text('KV'), text('mode')];
const caseCells = ({ length, numSequences, format, mode }: KvCase) => [
  String(length),
  String(numSequences),
  format,
  mode,
];

const memoryColumns = [
  ...caseColumns,
  ...['planned', 'measured', 'of dense', 'tiles', 'total', 'peak', 'of plan', 'host'].map(number),
];

function memoryRow(result: KvResult): string[] {
  const { planned, measured, denseBytes, plannedTotal, peakTotal, hostBytes, isOverPlan } = result;
  const total = Object.values(measured).reduce((sum, bytes) => sum + bytes, 0);
  return [
    ...caseCells(result),
    formatBytes(kvBytes(planned)),
    formatBytes(kvBytes(measured)),
    percent(kvBytes(measured) / denseBytes),
    formatBytes(measured.tiles),
    formatBytes(total - measured.weights),
    formatBytes(peakTotal - measured.weights),
    `${percent((peakTotal - measured.weights) / (plannedTotal - planned.weights))}${isOverPlan ? ' OVER' : ''}`,
    formatBytes(hostBytes),
  ];
}

const speedColumns = [
  ...caseColumns,
  ...[
    'ms/token',
    'mean',
    'p99',
    'tok/s',
    'of exact',
    'of reading',
    'reranks',
    'pages each',
    'bytes each',
    'RCO',
    'stalled',
    'dispatches',
  ].map(number),
  ...['a token', 'host ms', 'p99', 'most', 'at a flip', 'submit ms'].map(number),
];

/** @param all the case that attends everything is one of them, as a rule */
function speedRow(result: KvResult, all: readonly KvResult[]): string[] {
  const { decodeMs, tokensPerSecond, reranks, promotionsPerRerank, bytesPerRerank, overlap } = result;
  const { readBytes, readRate, kinds } = result;
  const exact = all.find(
    ({ mode, length, numSequences, format }) =>
      mode === 'exact' &&
      length === result.length &&
      numSequences === result.numSequences &&
      format === result.format,
  );
  const flips = kinds.filter(({ kind }) => kind.includes('flip'));
  const numFlips = flips.reduce((sum, { numSteps }) => sum + numSteps, 0);
  const flipMs = flips.reduce((sum, { numSteps, hostMs }) => sum + numSteps * hostMs, 0) / numFlips;
  const { stallShare, dispatches, dispatchesPerToken, hostMs, submitMs } = result;
  const ofReranks = (cell: string) => (reranks === 0 ? '' : cell);
  return [
    ...caseCells(result),
    formatNumber(decodeMs.median),
    formatNumber(decodeMs.mean),
    formatNumber(decodeMs.p99),
    formatNumber(tokensPerSecond),
    exact ? formatNumber(exact.decodeMs.mean / decodeMs.mean) : '',
    percent(readBytes / (decodeMs.median / 1000) / readRate),
    ofReranks(String(reranks)),
    ofReranks(formatNumber(promotionsPerRerank)),
    ofReranks(formatBytes(bytesPerRerank)),
    overlap === undefined ? '' : overlap.toFixed(2),
    ofReranks(percent(stallShare)),
    formatNumber(dispatches.median),
    formatNumber(dispatchesPerToken),
    formatNumber(hostMs.median),
    formatNumber(hostMs.p99),
    formatNumber(hostMs.max),
    ofReranks(formatNumber(flipMs)),
    formatNumber(submitMs.median),
  ];
}

const kindColumns = [
  ...caseColumns,
  text('steps that'),
  ...['number', 'ms/token', 'dispatches', 'host ms'].map(number),
];

function kindRows(result: KvResult): string[][] {
  return result.kinds.map(({ kind, numSteps, decodeMs, dispatches, hostMs }) => [
    ...caseCells(result),
    kind,
    String(numSteps),
    decodeMs === undefined ? '' : formatNumber(decodeMs),
    formatNumber(dispatches),
    formatNumber(hostMs),
  ]);
}

/** One line a question. */
export function describeLongReport({ engine, results }: LongReport): string {
  const columns = [
    number('tokens'),
    text('KV'),
    number('share'),
    ...['KV bytes', 'of dense', 'peak', 'of plan', 'host', 'fill s', 'prefill s', 'ms/token', 'p99'].map(
      number,
    ),
    ...['reranks', 'promoted'].map(number),
  ];
  const rows = results.map(({ asked, ...result }) => [
    String(asked.length),
    asked.kv.format ?? '',
    percent(asked.kv.unstableShare ?? 0),
    formatBytes(result.kvBytes),
    percent(result.shareOfDense),
    formatBytes(result.peakTotal),
    percent(result.peakTotal / result.plannedTotal),
    formatBytes(result.hostBytes),
    formatNumber(result.fillMs / 1000),
    formatNumber(result.prefillMs / 1000),
    formatNumber(median(result.stepMs)),
    formatNumber(percentile(result.stepMs, 0.99)),
    String(result.reranks),
    String(result.promotions),
  ]);
  return `A question over a long context, by ${engine}\n\n${formatTable(columns, rows)}`;
}
