import { describe, expect, test } from 'vitest';
import { HeadSet } from '../../../src/cache/head-set';
import { StabilityObserver, type ObserverOptions } from '../../../src/stability/stability-observer';

const shape = {
  format: 'f16' as const,
  hostFormat: 'f16' as const,
  selection: 'minmax' as const,
  rerankQueries: 1,
  window: 1,
  sinks: 0,
  numLayers: 2,
  numKvHeads: 2,
  headDim: 8,
  unstable: new HeadSet(2, 2, []),
  exactHeads: new HeadSet(2, 2, []),
  pagesPerHead: 2,
  slotsPerStableHead: 4,
  numSequences: 2,
  maxPages: 64,
  numPageIds: 64,
};

const observer = (
  options: Partial<ObserverOptions> = {},
  selects: (layer: number) => boolean = () => true,
  earlier?: number[][],
) =>
  new StabilityObserver(
    shape,
    { window: 2, spacing: 6, maxChunks: 4, ...options },
    selects,
    earlier && { stability: earlier, overlapByOffset: [] },
  );

/** The second head of every layer takes new pages at every step. */
const words = (step: number) =>
  Uint32Array.from([0, 1].flatMap(() => [1, 9, (2 * step) % 10, ((2 * step) % 10) + 1]));

/** Which of so many steps are looked at. */
function run(subject: StabilityObserver, sequence: number, numSteps: number, numPages = 10): number[] {
  const steps: number[] = [];
  for (let step = 0; step < numSteps; step++) {
    const receive = subject.observe(sequence, numPages);
    if (receive) steps.push(step);
    receive?.take(words(step));
  }
  return steps;
}

describe('steps that are looked at', () => {
  test('are chunks at some distance', () => {
    const subject = observer();
    subject.begin(0);
    expect(run(subject, 0, 14)).toEqual([0, 1, 6, 7, 12, 13]);
    expect(subject.measured).toMatchObject({
      stability: [
        [1, 0, 1, 0],
        [1, 0, 1, 0],
        [1, 0, 1, 0],
      ],
    });
  });

  test('are all of them where that is wanted', () => {
    const subject = observer({ spacing: 2, maxChunks: Infinity });
    subject.begin(0);
    expect(run(subject, 0, 9).length).toBe(9);
    expect(subject.measured!.stability.length).toBe(4);
    expect(subject.measured!.overlapByOffset.slice(0, 9).filter((value) => value !== null).length).toBe(8);
  });

  test('begin when there is something to choose, and end when enough was seen', () => {
    const subject = observer({ maxChunks: 1 });
    subject.begin(0);
    expect(run(subject, 0, 3, 2)).toEqual([]);
    expect(run(subject, 0, 20)).toEqual([0, 1]);
    expect(run(observer(), 0, 3)).toEqual([]);
  });

  test('add to chunks that were measured before; heads that never select count as stable in both', () => {
    const subject = observer({ maxChunks: 2 }, (layer) => layer === 1, [[0.1, 0.2, 0.3, 0.4]]);
    expect(subject.numChunks).toBe(1);
    subject.begin(0);
    expect(run(subject, 0, 14)).toEqual([0, 1]);
    expect(subject.measured!.stability).toEqual([
      [1, 1, 0.3, 0.4],
      [1, 1, 1, 0],
    ]);
  });

  test('are of one sequence at a time', () => {
    const subject = observer();
    subject.begin(0);
    subject.begin(1);
    const seen = Array.from({ length: 14 }, () =>
      [0, 1].map((sequence) => subject.observe(sequence, 10) !== undefined),
    );
    expect(seen.some(([first, second]) => first && second)).toBe(false);
    subject.end(0);
    expect(run(subject, 1, 8).length).toBeGreaterThan(0);
  });

  test('of an answer that is over do not count', () => {
    const subject = observer();
    subject.begin(0);
    subject.observe(0, 10)!.take(words(0));
    const late = subject.observe(0, 10)!;
    subject.end(0);
    late.take(words(1));
    expect(subject.measured).toBeUndefined();
  });
});

test('mass lost is what was chosen anew less what was held, by chunks whose first steps are told', () => {
  const subject = observer({ window: 3 }, (layer) => layer === 1);
  subject.begin(0);
  const masses = [
    [1, 1, 1, 1],
    [0.9, 0.8, 0.7, 0.1],
    [0.5, 0.3, 0.2, 0.4],
  ];
  const firsts = masses.map(([now, held, otherNow, otherHeld], step) => {
    const observation = subject.observe(0, 10)!;
    const all = Float32Array.of(9, 0, 9, 0, now!, held!, otherNow!, otherHeld!);
    observation.take(words(step), all);
    return observation.isFirst;
  });
  expect(firsts).toEqual([true, false, false]);
  const [chunk] = subject.measured!.massLost!;
  [0, 0, 0.15, 0.3].forEach((lost, head) => expect(chunk![head]).toBeCloseTo(lost, 6));
  expect(subject.profile('m')).toMatchObject({
    classes: 'mass-lost',
    unstable: [3],
    meanMassLost: [0, 0, 0.15, 0.3],
  });
});

test('heads that never select count as stable', () => {
  const subject = observer({}, (layer) => layer === 1);
  subject.begin(0);
  run(subject, 0, 2);
  expect(subject.measured!.stability).toEqual([[1, 1, 1, 0]]);
});
