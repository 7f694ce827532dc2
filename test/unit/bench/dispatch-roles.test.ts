import { expect, test } from 'vitest';
import { DispatchRoles } from '../../../tools/bench/profile/dispatch-roles';

const rolesOf = (roles: DispatchRoles, kernels: readonly string[]) =>
  kernels.map((kernel) => /\((.*)\)$/.exec(roles.next(kernel))?.[1]).filter((role) => role !== undefined);

const attention = ['cache/rope-append:f16', 'attention/sparse-decode:f16', 'attention/merge-splits'];
const layer = [
  'linear/matvec:q4',
  ...attention,
  'linear/matvec:q4',
  'linear/matvec-gated:q4',
  'linear/matvec:q4',
];
const step = [
  'linear/embed:q4',
  ...layer,
  ...layer,
  'linear/matvec:q4',
  'linear/matvec:q4',
  'sampler/sample',
];

test('a decode step of two layers and a head of two slabs, twice', () => {
  const roles = new DispatchRoles(2);
  const expected = ['qkv', 'output', 'down', 'qkv', 'output', 'down', 'head', 'head'];
  expect(rolesOf(roles, step)).toEqual(expected);
  expect(rolesOf(roles, step)).toEqual(expected);
});

test('a prefill of two layers in two chunks, which ends with the head', () => {
  const chunk = ['norm/rms-norm', 'linear/matmul:q4', 'cache/rope-append-tile:f16'];
  const rest = [
    'linear/matmul:q4',
    'norm/rms-norm',
    'linear/matmul:q4',
    'linear/gated-activation',
    'linear/matmul:q4',
  ];
  const prefillLayer = [
    ...chunk,
    ...chunk,
    'cache/copy-pages',
    'attention/prefill-attention:f16',
    ...rest,
    ...rest,
  ];
  const kernels = ['linear/embed:q4', ...prefillLayer, ...prefillLayer, 'linear/matvec:q4', 'sampler/sample'];
  const expected = ['qkv', 'qkv', 'output', 'gate/up', 'down', 'output', 'gate/up', 'down'];
  expect(rolesOf(new DispatchRoles(2), kernels)).toEqual([...expected, ...expected, 'head']);
});

test('a kernel with one role keeps its name', () => {
  expect(new DispatchRoles(2).next('sampler/sample')).toBe('sampler/sample');
});
