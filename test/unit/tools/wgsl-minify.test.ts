import { describe, expect, test } from 'vitest';
import { minifyWgsl, planNames } from '../../../tools/vite/wgsl-minify';

const minify = (source: string) => minifyWgsl(source, planNames([source]));

describe('WGSL minifier', () => {
  test('drops comments, nested ones too, and blanks', () => {
    expect(minify('// why\nlet a = 1u; /* one /* two */ one */\n  return a;')).toBe('let a=1u;return a;');
  });

  test('keeps what would merge apart', () => {
    expect(minify('x = a - -b + 1.5e-3f; y = a & &b; return vec2<f32>(.5, 0x1Fu);')).toBe(
      'x=a- -b+1.5e-3f;y=a& &b;return vec2f(.5,0x1Fu);',
    );
  });

  test('writes the same in fewer characters', () => {
    expect(minify('const low = array<vec4<f32>, 2>(vec4(10.0, 1.50, 0.0, 2.0f,), mat4x4<f32>(),);')).toMatch(
      /^const \w\w=array<vec4f,2>\(vec4\(10\.,1\.50,0\.,2\.0f\),mat4x4f\(\)\);$/,
    );
  });

  test('shortens what files share in all of them alike, and locals file by file', () => {
    const library = 'fn load_value(place: u32) -> f32 { return values[place]; }';
    const kernel = `
      struct Params { numRows: u32, scale: f32 }
      @group(0) @binding(0) var<storage, read> values: array<f32>;
      @group(0) @binding(16) var<uniform> params: Params;
      const threads = 64u;
      @compute @workgroup_size(threads)
      fn main(@builtin(workgroup_id) group: vec3<u32>) { let row = group.x; load_value(row * params.numRows); }`;
    const plan = planNames([library, kernel]);
    const { globals, members } = plan;
    expect([...globals.keys()].sort()).toEqual(['Params', 'load_value', 'params', 'threads', 'values']);
    expect([...members.keys()].sort()).toEqual(['numRows', 'scale']);
    const short = minifyWgsl(kernel, plan);
    expect(short).toMatch(/@group\(0\)@binding\(16\)var<uniform>\w\w:\w\w;/);
    const [, group, row] = /fn main\(@builtin\(workgroup_id\)(\w):vec3u\)\{let (\w)=\w\.x;/.exec(short)!;
    expect(group).not.toBe(row);
    const call = `${globals.get('load_value')}(${row}*${globals.get('params')}.${members.get('numRows')});`;
    expect(short).toContain(call);
    const values = globals.get('values');
    expect(minifyWgsl(library, plan)).toMatch(
      new RegExp(`^fn ${globals.get('load_value')}\\((\\w):u32\\)->f32\\{return ${values}\\[\\1\\];\\}$`),
    );
  });

  test('gives locals of one name the same letter in all files, unless it is taken there', () => {
    const first = 'fn one() { let row = 0u; let column = row; let width = column + row; }';
    const second = 'fn two() { let width = 1u; let row = width; }';
    const third = 'fn three(a: u32) { let row = a; }';
    const plan = planNames([first, second, third]);
    const { locals } = plan;
    expect(locals.get('row')).toBe('a');
    const [row, column, width] = ['row', 'column', 'width'].map((name) => locals.get(name));
    const [one, two] = ['one', 'two', 'three'].map((name) => plan.globals.get(name));
    expect(minifyWgsl(first, plan)).toBe(
      `fn ${one}(){let ${row}=0u;let ${column}=${row};let ${width}=${column}+${row};}`,
    );
    expect(minifyWgsl(second, plan)).toBe(`fn ${two}(){let ${width}=1u;let ${row}=${width};}`);
    expect(minifyWgsl(third, plan)).toMatch(/\(a:u32\)\{let ([^a])=a;\}$/);
  });

  test('leaves alone what the host or the language knows by name', () => {
    const source = `
      override HEAD_DIM: u32 = 64;
      struct Pair { xy: u32 }
      fn main(@builtin(local_invocation_index) local_invocation_index: u32) {
        let xyz = max(HEAD_DIM, 1u);
        let length = value.xyz.x + pair.xy;
      }`;
    const short = minify(source);
    for (const text of [
      'override HEAD_DIM:u32',
      'fn main(@builtin(local_invocation_index)',
      'max(HEAD_DIM',
      'value.xyz.x',
    ]) {
      expect(short).toContain(text);
    }
    expect(short).toContain('let length=');
    expect(short).toContain('pair.xy');
  });

  test('gives every name its own short one, and none that is in use', () => {
    const many = Array.from({ length: 5000 }, (_, index) => `let name${index} = 0u;`).join('');
    const short = minify(`fn run() { ${many} let a = 1u; let B7 = 2u; }`);
    const names = [...short.matchAll(/let (\w+)=/g)].map((match) => match[1]!);
    expect(names).toHaveLength(5002);
    expect(new Set(names).size).toBe(5002);
    expect(names).toContain('a');
    for (const name of names) expect(name).not.toMatch(/^[a-z]{2,}$|^[fiu]\d/);
  });
});
