import { describe, expect, test } from 'vitest';
import { HeadSet } from '../../../src/cache/head-set';
import {
  parseHeadProfile,
  retrievalHeads,
  selectingHeads,
  unstableHeads,
  unstableHeadsUnmeasured,
  type HeadProfile,
} from '../../../src/stability/head-profile';
import { makeHeadProfile } from '../../../src/stability/make-head-profile';

const all = (numHeads: number) => Array.from({ length: numHeads }, (_, head) => head);

const profile: HeadProfile = {
  version: 1,
  modelId: 'test',
  numLayers: 2,
  numKvHeads: 2,
  pagesPerHead: 4,
  window: 16,
  measuredOn: 'nothing',
  meanStability: [0.9, 0.25, 0.8, 0.15],
  classes: 'overlap',
  unstable: [3],
  stability: [
    [0.9, 0.2, 0.8, 0.1],
    [0.9, 0.3, 0.8, 0.2],
  ],
  overlapByOffset: [null],
};

describe('a head profile', () => {
  test('gives the share of heads that are least stable', () => {
    const set = unstableHeads(profile, 0.5);
    expect([set.ofLayer(0), set.ofLayer(1), set.size]).toEqual([[1], [1], 2]);
    expect(unstableHeads(profile, 0.25).ofLayer(1)).toEqual([1]);
    expect(unstableHeads(profile, 0).size).toBe(0);
    expect(unstableHeads(profile, 1).size).toBe(4);
  });

  test('names the heads that retrieve, best first; they come before the least stable ones', () => {
    expect(retrievalHeads(profile)).toEqual([]);
    expect(retrievalHeads({ ...profile, retrieval: [0, 0, 0, 0] })).toEqual([]);
    const measured = { ...profile, retrieval: [0.5, 0.05, 0.6, 0.07] };
    expect(retrievalHeads(measured)).toEqual([2, 0, 3]);
    expect(retrievalHeads(measured, 0.25)).toEqual([2, 0]);
    const wanted = retrievalHeads(measured);
    expect(unstableHeads(measured, 0.25, { wanted }).ofLayer(1)).toEqual([0]);
    expect(unstableHeads(measured, 0.25, { wanted }).size).toBe(1);
    expect(unstableHeads(measured, 0.5, { wanted: [2] }).ofLayer(1)).toEqual([0, 1]);
    expect(unstableHeads(measured, 1, { wanted }).size).toBe(4);
  });

  test('is made from what was measured', () => {
    const { version: _, meanStability: __, unstable: ___, classes: ____, ...source } = profile;
    expect(makeHeadProfile(source)).toEqual(profile);
    const massLost = [
      [0.1, 0.5, 0.30004, 0],
      [0.3, 0.1, 0.3, 0],
    ];
    expect(makeHeadProfile({ ...source, massLost })).toEqual({
      ...profile,
      classes: 'mass-lost',
      meanMassLost: [0.2, 0.3, 0.3, 0],
      massLost: [massLost[0]!.map((mass) => Math.round(1e4 * mass) / 1e4), massLost[1]],
      unstable: [1],
    });
  });

  test('gives the heads that lose most mass, where that was measured and is asked for', () => {
    const measured = { ...profile, massLost: [[0.2, 0.1, 0.9, 0.05]] };
    const of = (share: number, wanted: number[] = []) =>
      unstableHeads(measured, share, { classes: 'mass-lost', wanted });
    expect(of(0.5).equals(new HeadSet(2, 2, [0, 2]))).toBe(true);
    expect(of(0.5, [3]).equals(new HeadSet(2, 2, [2, 3]))).toBe(true);
    expect(of(0.25).ofLayer(1)).toEqual([0]);
    expect(unstableHeads(measured, 0.5).equals(new HeadSet(2, 2, [1, 3]))).toBe(true);
    expect(unstableHeads(profile, 0.5, { classes: 'mass-lost' }).ofLayer(1)).toEqual([1]);
  });

  test('is taken for its own shape only', () => {
    expect(parseHeadProfile(profile, 2, 2)).toBe(profile);
    const wrong: unknown[] = [
      null,
      'text',
      { ...profile, version: 2 },
      { ...profile, massLost: [[0, 0, 0, 0]] },
      {
        ...profile,
        massLost: [
          [0, 0, 0, 2],
          [0, 0, 0, 0],
        ],
      },
      { ...profile, numLayers: 3 },
      { ...profile, stability: [] },
      { ...profile, stability: [[0.1, 0.2, 0.3]] },
      { ...profile, stability: [[0.1, 0.2, 0.3, 1.5]] },
      { ...profile, stability: [[0.1, 0.2, 0.3, NaN]] },
      { ...profile, retrieval: [0.1, 0.2] },
      { ...profile, retrieval: [0.1, 0.2, 0.3, 2] },
      { ...profile, overlapSamples: [-1] },
      { ...profile, overlapSamples: [1], overlapByOffset: [NaN] },
    ];
    for (const value of wrong) expect(() => parseHeadProfile(value, 2, 2)).toThrow('2 layers of 2 KV heads');
    expect(() => parseHeadProfile(profile, 4, 1)).toThrow('4 layers of 1 KV heads');
  });
});

test('without a profile every layer has the same share', () => {
  const set = unstableHeadsUnmeasured(3, 4, 0.25, all(12));
  expect([0, 1, 2].map((layer) => set.ofLayer(layer))).toEqual([[0], [0], [0]]);
});

test('where the share of a layer is no whole number of heads, it is kept over all layers', () => {
  const sizeOf = (numLayers: number, numKvHeads: number, share: number) =>
    unstableHeadsUnmeasured(numLayers, numKvHeads, share, all(numLayers * numKvHeads)).size;
  expect([sizeOf(24, 2, 0.25), sizeOf(8, 1, 0.25), sizeOf(24, 2, 0.1), sizeOf(3, 2, 1)]).toEqual([
    12, 2, 5, 6,
  ]);
});

test('of a model with windows, only heads that select are counted and chosen', () => {
  const windowed = { slidingWindow: 512 };
  const selecting = selectingHeads([windowed, {}, windowed, {}], 2);
  expect(selecting).toEqual([2, 3, 6, 7]);
  const set = (heads: readonly number[]) => new HeadSet(4, 2, heads);
  expect(unstableHeadsUnmeasured(4, 2, 0.5, selecting).equals(set([2, 6]))).toBe(true);
  const { unstable: _, meanStability: __, ...about } = { ...profile, numLayers: 4, numKvHeads: 2, selecting };
  const stability = [[1, 1, 0.9, 0.2, 1, 1, 0.1, 0.8]];
  const measured = makeHeadProfile({ ...about, stability });
  expect(measured.unstable).toEqual([6]);
  expect(unstableHeads(measured, 0.5, { selecting }).equals(set([3, 6]))).toBe(true);
  expect(unstableHeads(measured, 1, { selecting }).equals(set(selecting))).toBe(true);
  const byMass = makeHeadProfile({ ...about, stability, massLost: [[0, 0, 0.3, 0, 0, 0, 0, 0.2]] });
  expect(byMass.unstable).toEqual([2]);
  expect(unstableHeads(byMass, 1, { selecting, classes: 'mass-lost' }).equals(set(selecting))).toBe(true);
});
