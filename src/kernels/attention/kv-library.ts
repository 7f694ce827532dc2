/** The WGSL that reads and writes each KV format: all of them declare the same names. */
import f16 from '../../../shaders/lib/kv-f16.wgsl';
import f32 from '../../../shaders/lib/kv-f32.wgsl';
import type { KvFormat } from './kv-format';

/** The module to prepend to a shader that touches pages, tiles or summaries. */
export const kvLibrary: Readonly<Record<KvFormat, string>> = { f16, f32 };
