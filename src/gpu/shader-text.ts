/**
 * What a shader import stands for: its text in development and in tests; in a build a reference into a pack of shaders,
 * deflated, which takes a third of the bytes.
 */
import { assert } from '../util/assert';
import { fetched } from '../util/fetched';
import { packedShaders } from './packed-shaders';

/** The packs of a build; a reference is the mark of one of them, which no WGSL begins with, and an index in it. */
const packs = {
  '#': async () => packedShaders,
  '~': async () => (await fetched(import('./packed-rare-shaders'))).packedRareShaders,
  '^': async () => (await fetched(import('./packed-format-shaders'))).packedFormatShaders,
};

/** Marks a reference into one of the packs: the one that every load has, that of rare shaders, or that of other formats. */
export type PackMark = keyof typeof packs;

const unpacked = new Map<PackMark, Promise<readonly string[]>>();

/** The WGSL of an imported shader. @throws EngineError `network` when its pack cannot be fetched */
export async function shaderText(source: string): Promise<string> {
  const mark = source[0] as PackMark;
  if (!(mark in packs)) return source;
  const shaders = unpacked.get(mark) ?? packs[mark]().then(unpackShaders);
  unpacked.set(mark, shaders);
  // A pack that could not be fetched may be the next time, where the browser tries again.
  shaders.catch(() => unpacked.delete(mark));
  const text = (await shaders)[Number(source.slice(1))];
  assert(text !== undefined, `the pack has no shader ${source}`);
  return text;
}

/**
 * The shaders of a pack: base 85 of a deflated JSON list. Five characters are four bytes, the first the highest digit; digits are
 * the characters 37 to 123 without backslash and backtick, so that nothing is escaped in a bundle.
 */
export async function unpackShaders(packed: string): Promise<readonly string[]> {
  const words = new DataView(new ArrayBuffer((packed.length / 5) * 4));
  for (let at = 0; at < packed.length; at += 5) {
    let word = 0;
    for (let i = at; i < at + 5; i++) {
      const code = packed.charCodeAt(i);
      word = word * 85 + code - 37 - Number(code > 92) - Number(code > 96);
    }
    words.setUint32((at / 5) * 4, word);
  }
  // The first word is the length in bytes, since the last word may be padded.
  const bytes = new Uint8Array(words.buffer, 4, words.getUint32(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return JSON.parse(await new Response(stream).text()) as string[];
}
