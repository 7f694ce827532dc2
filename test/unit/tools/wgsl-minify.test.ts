import { describe, expect, test } from 'vitest';
import { minifyWgsl, planNames } from '../../../tools/vite/wgsl-minify';

const minify = (source: string) => minifyWgsl(source, planNames([source]));

describe('WGSL minifier', () => {
  test('drops comments, nested ones too, and blanks', () => {
    expect(minify('// why\nlet a = 1u; /* one /* two */ one */\n  return a;')).toBe('let a=1u;return a;');
  });

  test('keeps what would merge apart', () => {
    expect(minify('x = a - -b + 1.5e-3f; y = a & &b; return vec2<f32>(.5, 0x1Fu);')).toBe(
      'x=a- -b+1.5e-3f;y=a& &b;return vec2<f32>(.5,0x1Fu);',
    );
  });

  test('shortens what the files declare, everywhere alike', () => {
    const library = 'fn load_value(index: u32) -> f32 { return values[index]; }';
    const kernel = `
      struct Params { numRows: u32, scale: f32 }
      @group(0) @binding(0) var<storage, read> values: array<f32>;
      @group(1) @binding(0) var<uniform> params: Params;
      const threads = 64u;
      @compute @workgroup_size(threads)
      fn main(@builtin(workgroup_id) group: vec3<u32>) { let row = group.x; load_value(row * params.numRows); }`;
    const names = planNames([library, kernel]);
    for (const name of ['load_value', 'index', 'values', 'numRows', 'scale', 'params', 'Params', 'threads']) {
      expect(names.has(name), name).toBe(true);
    }
    const short = minifyWgsl(kernel, names);
    expect(short).toContain(`fn main(@builtin(workgroup_id)${names.get('group')}:vec3<u32>)`);
    expect(short).toContain(
      `${names.get('load_value')}(${names.get('row')}*${names.get('params')}.${names.get('numRows')})`,
    );
    expect(minifyWgsl(library, names)).toContain(`fn ${names.get('load_value')}(`);
  });

  test('leaves alone what the host or the language knows by name', () => {
    const source = `
      override HEAD_DIM: u32 = 64;
      fn main(@builtin(local_invocation_index) local_invocation_index: u32) {
        let xyz = max(HEAD_DIM, 1u);
        let length = value.xyz.x;
        let read = 1u;
      }`;
    const names = planNames([source]);
    for (const name of ['HEAD_DIM', 'main', 'xyz', 'length', 'read']) {
      expect(names.has(name), name).toBe(false);
    }
    expect(minifyWgsl(source, names)).toContain('@builtin(local_invocation_index)');
  });

  test('gives every name its own short one, and none that is in use', () => {
    const many = Array.from({ length: 700 }, (_, index) => `let name${index} = 0u;`).join('');
    const names = planNames([`${many} let a0 = 1u; let b1 = 2u;`]);
    const short = [...names.values()];
    expect(names.size).toBe(700);
    expect(new Set(short).size).toBe(700);
    expect(short).not.toContain('a0');
    expect(short).not.toContain('b1');
    for (const name of short) expect(name).not.toMatch(/^[fiu]\d|^[xyzwrgba]+$/);
  });
});
