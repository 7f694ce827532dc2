import { expect, test } from 'vitest';
import type { DeviceFeature } from '../../../src/gpu/device';
import { loadsAhead, teamLanes } from '../../../src/kernels/linear/matvec';
import type { WeightFormat } from '../../../src/kernels/linear/weight-format';

const all: DeviceFeature[] = ['loads-ahead', 'subgroups'];

test.each<[WeightFormat, number, boolean, DeviceFeature[], number]>([
  ['f16', 1, false, all, 4],
  ['f32', 4, false, all, 4],
  ['f16', 8, false, all, 2],
  ['f16', 4, true, all, 2],
  ['f32', 8, true, all, 1],
  ['q8', 1, false, all, 1],
  ['q4', 1, true, all, 1],
  ['f16', 1, false, ['software'], 1],
])('%s, %i rows, gated %s, with %j: %i steps ahead', (format, rows, isGated, features, ahead) => {
  expect(loadsAhead(format, rows, isGated, new Set(features))).toBe(ahead);
});

test.each<[WeightFormat, number, DeviceFeature[], number]>([
  ['f16', 8192, ['wide-teams'], 32],
  ['f16', 8193, ['wide-teams'], 16],
  ['q8', 64, ['wide-teams'], 32],
  ['q4', 64, ['wide-teams'], 16],
  ['f32', 64, ['software'], 16],
])('%s, a matrix of %i rows, with %j: %i lanes', (format, numRows, features, lanes) => {
  expect(teamLanes(format, numRows, new Set(features))).toBe(lanes);
});
