/** What the host does for decode steps: how long, how many dispatches, and what a step does besides decoding. */
import { pageTokens } from '../../../src/cache/page';
import type { ModelRunner } from '../../../src/runner/model-runner';
import { median, percentile } from '../statistics';

/** Steps that do the same: `ordinary`, or some of `fill` (a page), `rerank`, `flip`, `observed`. */
export interface StepKind {
  readonly kind: string;
  readonly numSteps: number;
  readonly hostMs: number;
  readonly dispatches: number;
  /** From token to token; undefined with several sequences. */
  readonly decodeMs: number | undefined;
}

/** Samples of steps. */
export interface Summary {
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/** Counts what the host does for each decode step. */
export function watchSteps(runner: ModelRunner) {
  const samples: StepSample[] = [];
  const { recorder, observer } = runner;
  let submitting = 0;
  const submit = recorder.submit.bind(recorder);
  recorder.submit = () => {
    const startedAt = performance.now();
    submit();
    submitting += performance.now() - startedAt;
  };
  let isObserved = false;
  if (observer) {
    const observe = observer.observe.bind(observer);
    observer.observe = (sequence, numPages) => {
      const observation = observe(sequence, numPages);
      isObserved ||= observation !== undefined;
      return observation;
    };
  }
  const submitDecode = runner.submitDecode.bind(runner);
  runner.submitDecode = (rows) => {
    const { dispatches } = recorder.counts;
    const { reranks } = runner.rerankCounts;
    submitting = 0;
    isObserved = false;
    const startedAt = performance.now();
    const result = submitDecode(rows);
    const hostMs = performance.now() - startedAt;
    const kinds = new Set<string>();
    if (rows.some(({ position }) => (position + 1) % pageTokens === 0)) kinds.add('fill');
    if (isObserved) kinds.add('observed');
    if (runner.rerankCounts.reranks > reranks) {
      kinds.add('flip');
      samples.at(-runner.plan.rerank.lag)?.kinds.add('rerank');
    }
    samples.push({
      kinds,
      hostMs,
      submitMs: submitting,
      dispatches: recorder.counts.dispatches - dispatches,
    });
    return result;
  };
  const summarize = (of: readonly number[]): Summary => ({
    median: median(of),
    p99: percentile(of, 0.99),
    max: Math.max(...of),
  });
  let numBefore = 0;
  return {
    reset: () => void (numBefore = samples.length),
    summary: (arrivals: readonly (readonly number[])[]) => {
      const numSequences = arrivals.length;
      const measured = samples.slice(numBefore);
      const dispatches = measured.map((sample) => sample.dispatches);
      return {
        dispatches: summarize(dispatches),
        dispatchesPerToken: dispatches.reduce((sum, n) => sum + n, 0) / (dispatches.length * numSequences),
        hostMs: summarize(measured.map(({ hostMs }) => hostMs)),
        submitMs: summarize(measured.map(({ submitMs }) => submitMs)),
        kinds: kindsOf(measured, numBefore, numSequences === 1 ? arrivals[0]! : []),
      };
    },
  };
}

/** What one step took, and what it did besides decoding. */
interface StepSample {
  readonly kinds: Set<string>;
  readonly hostMs: number;
  readonly submitMs: number;
  readonly dispatches: number;
}

/** @param arrivals of a sequence's tokens, the first of which no step decoded */
function kindsOf(
  samples: readonly StepSample[],
  firstStep: number,
  arrivals: readonly number[],
): readonly StepKind[] {
  const steps = new Map<string, { readonly samples: StepSample[]; readonly gaps: number[] }>();
  samples.forEach((sample, i) => {
    const kind = [...sample.kinds].sort().join(' ') || 'ordinary';
    const own = steps.get(kind) ?? { samples: [], gaps: [] };
    steps.set(kind, own);
    own.samples.push(sample);
    const [from, to] = arrivals.slice(firstStep + i, firstStep + i + 2);
    if (to !== undefined) own.gaps.push(to - from!);
  });
  return [...steps]
    .map(([kind, own]) => ({
      kind,
      numSteps: own.samples.length,
      hostMs: median(own.samples.map(({ hostMs }) => hostMs)),
      dispatches: median(own.samples.map(({ dispatches }) => dispatches)),
      decodeMs: own.gaps.length > 0 ? median(own.gaps) : undefined,
    }))
    .sort((a, b) => b.numSteps - a.numSteps);
}
