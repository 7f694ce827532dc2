import { describe, expect, test } from 'vitest';
import type { PageIndex } from '../../../src/cache/page';
import { maxOffset, type SelectionStep } from '../../../src/stability/stability';
import { StabilityMeter } from '../../../src/stability/stability-meter';

const numPages = 100;
const step = (...pages: number[]): SelectionStep => ({ selected: pages as PageIndex[], numPages });
/** One head keeps its pages, the other takes new ones at every step. */
const at = (t: number) => [step(1, 2, 3, 99), step(4 * t, 4 * t + 1, 4 * t + 2, 4 * t + 3)];

describe('the stability of heads', () => {
  test('is measured over whole chunks', () => {
    const meter = new StabilityMeter(2, 4);
    const answer = {};
    for (let t = 0; t < 11; t++) meter.add(answer, t, at(t));
    expect(meter.stability).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  test('is the mean overlap of a chunk’s first step with those after it', () => {
    const meter = new StabilityMeter(1, 3);
    const of = (...pages: number[]) => [{ selected: pages as PageIndex[], numPages: 16 }];
    [of(0, 1, 2, 3), of(0, 1, 2, 3), of(2, 3, 4, 5)].forEach((heads, t) => meter.add(meter, t, heads));
    expect(meter.stability[0]![0]).toBeCloseTo((1 + 1 / 3) / 2, 12);
  });

  test('does not reach over a gap, nor into another answer', () => {
    const meter = new StabilityMeter(2, 4);
    const [one, other] = [{}, {}];
    for (const t of [0, 1, 2]) meter.add(one, t, at(t));
    for (const t of [3, 4]) meter.add(other, t, at(t));
    for (const t of [4, 5, 6]) meter.add(one, t, at(t));
    expect(meter.stability).toEqual([]);
    meter.add(one, 7, at(7));
    expect(meter.stability).toEqual([[1, 0]]);
    meter.end(one);
    for (const t of [8, 9, 10]) meter.add(one, t, at(t));
    expect(meter.stability.length).toBe(1);
  });

  test('comes with the mean overlap by distance', () => {
    const meter = new StabilityMeter(1, 2);
    const answer = {};
    // The same pages at every other step.
    for (let t = 0; t < 5; t++) meter.add(answer, t, [t % 2 === 0 ? step(1, 2) : step(3, 4)]);
    const overlaps = meter.measured.overlapByOffset;
    expect(overlaps.length).toBe(maxOffset);
    expect(overlaps.slice(0, 5)).toEqual([0, 1, 0, 1, null]);
  });

  test('weighs earlier overlaps by their pairs', () => {
    const run = (subject: StabilityMeter, length: number) => {
      const answer = {};
      for (let t = 0; t < length; t++)
        subject.add(answer, t, [t < 3 ? step(1, 2) : step(1 + 2 * t, 2 + 2 * t)]);
      return subject.measured;
    };
    const first = run(new StabilityMeter(1, 2), 3);
    expect(first.overlapByOffset.slice(0, 3)).toEqual([1, 1, null]);
    expect(first.overlapSamples!.slice(0, 3)).toEqual([2, 1, 0]);
    const both = run(new StabilityMeter(1, 2, first), 5);
    // 2 of 2 and 2 of 4 pairs at a distance of one step, 1 of 1 and 1 of 3 at two, 0 of 2 at three.
    expect(both.overlapByOffset.slice(0, 3)).toEqual([4 / 6, 2 / 4, 0]);
    expect(both.overlapSamples!.slice(0, 3)).toEqual([6, 4, 2]);
    expect(both.stability.length).toBe(1 + 2);
    const { overlapSamples: _unknown, ...uncounted } = first;
    expect(run(new StabilityMeter(1, 2, uncounted), 5).overlapByOffset.slice(0, 2)).toEqual([0.5, 1 / 3]);
  });

  test('looks back no further than it says', () => {
    const meter = new StabilityMeter(1, 2);
    const answer = {};
    for (let t = 0; t < 200; t++) meter.add(answer, t, [step(t % 100)]);
    expect(meter.measured.overlapByOffset.every((overlap) => overlap === 0)).toBe(true);
    expect(meter.stability.length).toBe(100);
  });

  test('comes with the mass lost where every step of every chunk has it', () => {
    const meter = new StabilityMeter(2, 3);
    const lost = [
      [1, 1],
      [0.5, 0],
      [0.25, 0.125],
    ];
    lost.forEach((masses, t) => meter.add(meter, t, at(t), masses));
    expect(meter.measured.massLost).toEqual([[0.375, 0.0625]]);
    const more = new StabilityMeter(2, 3, meter.measured);
    [0, 1, 2].forEach((t) => more.add(more, t, at(t), t === 1 ? undefined : [0, 0]));
    expect(more.measured.stability.length).toBe(2);
    expect(more.measured.massLost).toBeUndefined();
  });
});
