/** The figures as a table for a terminal. Pure. */
import type { Comparison } from './compare';
import type { FreeAnswer } from './free-answers';

/** A setting at one length. */
export interface QualityRow extends Comparison {
  readonly setting: string;
  readonly title: string;
  readonly lengthTokens: number;
  /** K, and the share of heads that keep all their pages, as the engine had them. */
  readonly pagesPerHead: number;
  readonly unstableShare: number;
  /** GPU bytes of pages and of what they are chosen by, of one sequence, ÷ those of dense f16 pages. */
  readonly bytesOfDense: number;
  /** Where asked for. */
  readonly speed?: Speed;
  /** An answer to each passage's prompt, where asked for. */
  readonly free?: readonly FreeAnswer[];
}

/** One conversation that reads a passage's prompt and answers freely, nothing else running. */
export interface Speed {
  readonly promptTokens: number;
  readonly prefillTokensPerSecond: number;
  /** Of the steps behind the prompt. */
  readonly medianMs: number;
  readonly meanMs: number;
}

const columns: readonly [title: string, cell: (row: QualityRow) => string][] = [
  ['setting', ({ title }) => title],
  ['K', ({ pagesPerHead }) => String(pagesPerHead)],
  ['KV bytes', ({ bytesOfDense }) => percent(bytesOfDense)],
  ['ppl', ({ perplexity }) => perplexity.toFixed(3)],
  ['ppl ÷ dense', ({ perplexityRatio }) => perplexityRatio.toFixed(4)],
  ['mean KL', ({ meanKl }) => meanKl.toFixed(5)],
  ['KL 99 %', ({ kl99 }) => kl99.toFixed(4)],
  ['same top-1', ({ top1Agreement }) => percent(top1Agreement)],
  ['top-1 right', ({ top1 }) => percent(top1)],
  ['prefill', ({ speed }) => (speed ? `${speed.prefillTokensPerSecond.toFixed(0)}/s` : '')],
  ['step', ({ speed }) => (speed ? `${speed.medianMs.toFixed(2)} ms` : '')],
  ['equal tokens', ({ free }) => (free ? free.map(({ numEqual }) => numEqual).join(' ') : '')],
  ['repeated', ({ free }) => (free ? free.map(({ repetition }) => percent(repetition)).join(' ') : '')],
];

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** The rows of one length, the first column wide, the others to the right. */
export function formatRows(rows: readonly QualityRow[]): string {
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
