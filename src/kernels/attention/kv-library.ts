/** The WGSL that reads and writes each KV format: all of one kind declare the same names. */
import f16 from '../../../shaders/lib/kv-f16.wgsl';
import f32 from '../../../shaders/lib/kv-f32.wgsl';
import int8 from '../../../shaders/lib/kv-int8.wgsl';
import poolOfElements from '../../../shaders/lib/kv-pool.wgsl';
import poolOfInt8 from '../../../shaders/lib/kv-pool-int8.wgsl';
import appendElements from '../../../shaders/lib/kv-append.wgsl';
import appendInt8 from '../../../shaders/lib/kv-append-int8.wgsl';
import { elementOf, type KvElement, type KvFormat } from './kv-format';

/** The module to prepend to a shader that touches tiles, summaries, or pages of elements. */
export const kvLibrary: Readonly<Record<KvElement, string>> = { f16, f32 };

/** The modules to prepend to a shader that packs and unpacks pages of 8 bits. */
export function packingSources(element: KvElement): string[] {
  return [kvLibrary[element], int8];
}

/** The modules to prepend to a shader that reads pages of a pool. */
export function poolSources(format: KvFormat): string[] {
  return format === 'int8' ? [int8, poolOfInt8] : [kvLibrary[format], poolOfElements];
}

/** The modules to prepend to a shader that appends to pages of a pool; lib/kv-rope goes between. */
export function appendSources(format: KvFormat, rope: string): string[] {
  const element = kvLibrary[elementOf(format)];
  return format === 'int8' ? [element, int8, rope, appendInt8] : [element, rope, appendElements];
}
