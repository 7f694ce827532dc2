/** Options of KV memory by a name: what they trade, without the knobs. */
import type { KvOptions } from '../runner/memory-plan';

/**
 * `'exact'`: answers attend the whole context, which is on the GPU. `'balanced'`: the defaults. `'smallest'`: the fewest bytes on the GPU that
 * kept every task of Scout's bench and SmolLM2's predictions on real text (docs/real-models.md): pages of 8 bits, 18.75 % unstable heads.
 */
export type KvPreset = 'exact' | 'balanced' | 'smallest';

/** The options that a name stands for. */
export const kvPresets: Readonly<Record<KvPreset, KvOptions>> = {
  exact: { attention: 'all' },
  balanced: {},
  smallest: { format: 'int8', unstableShare: 0.1875 },
};
