import { expect, test } from 'vitest';
import type { DeviceFeature } from '../../../src/gpu/device';
import { matvecGrid, matvecTuning, type MatvecShape } from '../../../src/kernels/linear/matvec';
import type { WeightFormat } from '../../../src/kernels/linear/weight-format';

const all: DeviceFeature[] = ['loads-ahead', 'wide-teams'];

function tuningOf(
  format: WeightFormat,
  { numRows = 1, rows = 1, isGated = false }: Partial<MatvecShape>,
  features: DeviceFeature[],
) {
  return matvecTuning({ format, numRows, rows, isGated }, new Set(features));
}

test.each<[WeightFormat, Partial<MatvecShape>, DeviceFeature[], number]>([
  ['f16', { rows: 1, isGated: false }, all, 4],
  ['f32', { rows: 4, isGated: false }, all, 4],
  ['f16', { rows: 8, isGated: false }, all, 2],
  ['f16', { rows: 4, isGated: true }, all, 2],
  ['f32', { rows: 8, isGated: true }, all, 1],
  ['q8', { rows: 1, isGated: false }, all, 1],
  ['f16', { rows: 1, isGated: false }, ['software'], 1],
])('%s, %j, with %j: %i steps ahead', (format, shape, features, ahead) => {
  expect(tuningOf(format, { numRows: 4096, ...shape }, features).AHEAD).toBe(ahead);
});

test.each<[WeightFormat, number, DeviceFeature[], number]>([
  ['f16', 8192, ['wide-teams'], 32],
  ['f16', 8193, ['wide-teams'], 16],
  ['q8', 64, ['wide-teams'], 32],
  ['q4', 64, ['wide-teams'], 16],
  ['f32', 64, ['software'], 16],
])('%s, a matrix of %i rows, with %j: %i lanes', (format, numRows, features, lanes) => {
  expect(tuningOf(format, { numRows }, features).LANES).toBe(lanes);
});

test.each<[WeightFormat, Partial<MatvecShape>, DeviceFeature[], number]>([
  ['q4', { numRows: 4096 }, all, 1],
  ['q4', { numRows: 4096, rows: 4 }, all, 2],
  ['q4', { numRows: 896, rows: 8 }, all, 1],
  ['q4', { numRows: 6144 }, all, 2],
  ['q4', { numRows: 6144, rows: 8 }, all, 4],
  ['q4', { numRows: 28_672, isGated: true }, all, 2],
  ['q4', { numRows: 1024, isGated: true }, all, 2],
  ['q4', { numRows: 28_672, rows: 4, isGated: true }, all, 4],
  ['f16', { numRows: 896 }, all, 2],
  ['q4', { numRows: 4096 }, ['loads-ahead'], 2],
  ['q4', { numRows: 896, isGated: true }, ['software'], 4],
])('%s, %j, with %j: %i rows a team', (format, shape, features, teamRows) => {
  expect(tuningOf(format, shape, features).TEAM_ROWS).toBe(teamRows);
});

test('a sum is cut the same for every number of rows', () => {
  for (const format of ['f32', 'f16', 'q8', 'q4'] as const) {
    const lanes = [1, 2, 4, 8].map((rows) => tuningOf(format, { numRows: 4096, rows }, all).LANES);
    expect(new Set(lanes).size, format).toBe(1);
  }
});

test('as many workgroups as the matrix rows need', () => {
  expect(matvecGrid(4096, { AHEAD: 1, LANES: 16, TEAM_ROWS: 1 })).toEqual([256]);
  expect(matvecGrid(4097, { AHEAD: 1, LANES: 16, TEAM_ROWS: 4 })).toEqual([65]);
  expect(matvecGrid(4096, { AHEAD: 1, LANES: 32, TEAM_ROWS: 2 })).toEqual([256]);
});
