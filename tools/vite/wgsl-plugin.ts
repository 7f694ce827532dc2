/**
 * Lets TypeScript import a `.wgsl` file as a string. Tests and the dev server get its text; a build gets a reference into a
 * pack of shaders, minified and deflated, which src/gpu/shader-text.ts unpacks.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import type { Plugin } from 'vite';
import type { PackMark } from '../../src/gpu/shader-text.ts';
import { minifyWgsl, planNames, type NamePlan } from './wgsl-minify.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const shaders = join(root, 'shaders');

/** Shaders of software GPUs, of variants that a GPU gets when it fails the self-test, of pages of 8 bits, and of sources. */
const isRare = (path: string) =>
  /(?:naive|software|software-sums|int8|pack-pages|page-mass)\.wgsl$/.test(path);

/** Shaders that read weights which are no halves, or pages of floats. */
const isOfFormat = (path: string) => /(?:weights-(?:f32|q4|q8)|scales-at-\d|kv-f32)\.wgsl$/.test(path);

/** The modules that packs go into, what they export, and which shaders they hold. */
const packs: readonly {
  readonly mark: PackMark;
  readonly module: string;
  readonly name: string;
  readonly holds: (path: string) => boolean;
}[] = [
  {
    mark: '#',
    module: join(root, 'src/gpu/packed-shaders.ts'),
    name: 'packedShaders',
    holds: (path) => !isRare(path) && !isOfFormat(path),
  },
  {
    mark: '~',
    module: join(root, 'src/gpu/packed-rare-shaders.ts'),
    name: 'packedRareShaders',
    holds: isRare,
  },
  {
    mark: '^',
    module: join(root, 'src/gpu/packed-format-shaders.ts'),
    name: 'packedFormatShaders',
    holds: isOfFormat,
  },
];

/** All shaders of the repository: source by path, in order of their names. */
export function readShaders(): Map<string, string> {
  const names = readdirSync(shaders, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.wgsl'),
  );
  return new Map(
    names.sort().map((name) => [join(shaders, name), readFileSync(join(shaders, name), 'utf8')]),
  );
}

/** Short names for all shaders of the repository. */
export function planShaderNames(): NamePlan {
  return planNames([...readShaders().values()]);
}

/** What `unpackShaders` of src/gpu/shader-text.ts reads. */
export function packShaders(sources: Iterable<string>): string {
  const bytes = deflateRawSync(JSON.stringify([...sources]), { level: 9 });
  const padded = Buffer.alloc(4 + 4 * Math.ceil(bytes.length / 4));
  padded.writeUInt32BE(bytes.length);
  bytes.copy(padded, 4);
  let packed = '';
  for (let at = 0; at < padded.length; at += 4) {
    const word = padded.readUInt32BE(at);
    for (const power of [85 ** 4, 85 ** 3, 85 ** 2, 85, 1]) {
      const code = 37 + (Math.floor(word / power) % 85);
      const past = code + Number(code >= 92);
      packed += String.fromCharCode(past + Number(past >= 96));
    }
  }
  return packed;
}

/** What stands for a shader in a build. */
function referenceTo(path: string, sources: ReadonlyMap<string, string>): string {
  const pack = packs.find(({ holds }) => holds(path))!;
  return `${pack.mark}${[...sources.keys()].filter(pack.holds).indexOf(path)}`;
}

/** See the file's header. */
export function wgsl(): Plugin {
  // A build takes every source as it was at the start: a file that changes meanwhile must not mix in.
  let sources: Map<string, string> | undefined;
  return {
    name: 'longpage-wgsl',
    enforce: 'pre',
    configResolved(config) {
      if (config.command === 'build') sources = readShaders();
    },
    async load(id) {
      const [path = ''] = id.split('?');
      const pack = packs.find(({ module }) => module === normalize(path));
      if (sources && pack) {
        const plan = planNames([...sources.values()]);
        const held = [...sources].filter(([name]) => pack.holds(name));
        const packed = packShaders(held.map(([, source]) => minifyWgsl(source, plan)));
        return { code: `export const ${pack.name} = ${JSON.stringify(packed)};`, map: null };
      }
      if (!path.endsWith('.wgsl')) return null;
      this.addWatchFile(path);
      const text = sources ? referenceTo(normalize(path), sources) : await readFile(path, 'utf8');
      return { code: `export default ${JSON.stringify(text)};`, map: null };
    },
  };
}
