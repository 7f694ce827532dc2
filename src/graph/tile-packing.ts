/** A prefill tile's pages between elements and 8 bits, where pages have 8 bits outside of it. */
import type { KvCache } from '../cache/kv-cache';
import type { GpuBuffer } from '../gpu/buffer';
import type { KernelCompiler } from '../gpu/kernel';
import type { Recorder } from '../gpu/recorder';
import { elementOf } from '../kernels/attention/kv-format';
import { packPages, packPagesGrid, unpackPages, unpackPagesGrid } from '../kernels/cache/pack-pages';

/** A tile and its pages in 8 bits. `places` are pages of the tile, and of the packed one. */
export interface TilePacking {
  readonly packedTile: GpuBuffer;
  readonly pack: (recorder: Recorder, places: readonly number[], numTokens: number) => void;
  readonly unpack: (recorder: Recorder, places: readonly number[]) => void;
}

/** Binds `packedTile`, which holds the pages of `tile` in 8 bits. */
export async function bindPacking(
  compiler: KernelCompiler,
  { shape }: KvCache,
  tile: GpuBuffer,
  packedTile: GpuBuffer,
): Promise<TilePacking> {
  const { headDim } = shape;
  const element = elementOf(shape.format);
  const constants = { HEAD_DIM: headDim };
  const [packKernel, unpackKernel] = await Promise.all([
    compiler.compile(packPages(element), constants),
    compiler.compile(unpackPages(element), constants),
  ]);
  const pack = packKernel.bind({ pages: tile, packed: packedTile });
  const unpack = unpackKernel.bind({ packed: packedTile, pages: tile });
  const listOf = (places: readonly number[]) => Uint32Array.from(places.flatMap((place) => [place, place]));
  return {
    packedTile,
    pack: (recorder, places, numTokens) => {
      const numPages = places.length;
      recorder.dispatch(pack, { numPages, numTokens }, packPagesGrid(numPages, headDim), listOf(places));
    },
    unpack: (recorder, places) => {
      const numPages = places.length;
      recorder.dispatch(unpack, { numPages }, unpackPagesGrid(numPages, headDim), listOf(places));
    },
  };
}
