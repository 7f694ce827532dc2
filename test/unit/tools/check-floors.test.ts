import { describe, expect, test } from 'vitest';
import { checkFile, explainBadImport, localImports } from '../../../tools/gate/check-floors.mjs';

describe('floors check', () => {
  test('lets imports go down, and within a folder', () => {
    expect(explainBadImport('src/engine/engine.ts', 'src/cache/page')).toBeUndefined();
    expect(explainBadImport('src/gpu/kernel.ts', 'src/gpu/device')).toBeUndefined();
    expect(explainBadImport('src/worker/engine-worker.ts', 'src/api/chat')).toBeUndefined();
    expect(explainBadImport('src/index.ts', 'src/worker/engine-client')).toBeUndefined();
    expect(explainBadImport('demo/models-controller.ts', 'src/source/hub/hub')).toBeUndefined();
    expect(explainBadImport('src/kernels/norm/rms-norm.ts', 'shaders/norm/rms-norm.wgsl')).toBeUndefined();
  });

  test.each([
    ['src/gpu/device.ts', 'src/cache/page', 'imports go down only'],
    ['src/engine/engine.ts', 'src/index', 'imports go down only'],
    ['src/stability/stability.ts', 'src/graph/linear', 'siblings'],
    ['src/engine/engine.ts', 'src/reference/norm/rms-norm', 'only tests'],
    ['src/engine/engine.ts', 'shaders/norm/rms-norm.wgsl', 'only kernels'],
    ['src/api/chat.ts', 'test/support/random', 'does not depend on tests'],
    ['tools/eval/random.ts', 'test/support/random', 'tools do not depend on tests'],
    ['demo/main.ts', 'src/engine/engine', 'nothing else'],
    ['demo/main.ts', 'src/source/url-source', 'nothing else'],
    ['src/novel/thing.ts', 'src/util/math', 'stands on no floor'],
  ])('refuses %s → %s', (from, to, why) => {
    expect(explainBadImport(from, to)).toContain(why);
  });

  test('only the self-test of the product sees the CPU twins', () => {
    expect(explainBadImport('src/self-test/self-test.ts', 'src/reference/norm/rms-norm')).toBeUndefined();
    expect(
      explainBadImport('test/kernels/norm/rms-norm.case.ts', 'src/reference/norm/rms-norm'),
    ).toBeUndefined();
  });

  test('finds static, type-only, re-exporting and dynamic imports, and leaves packages alone', () => {
    const source = `
      import type { A } from '../engine/a';
      export * from './b';
      import { c } from 'lit';
      const d = await import('../../shaders/d.wgsl?raw');
    `;
    expect(localImports('src/gpu/x.ts', source)).toEqual(['src/engine/a', 'src/gpu/b', 'shaders/d.wgsl']);
    expect(checkFile('src/gpu/x.ts', source)).toHaveLength(2);
  });
});
