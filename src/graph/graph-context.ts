/** What the graphs of decoding and of prefill bind. */
import type { KvCache } from '../cache/kv-cache';
import type { GpuBuffer } from '../gpu/buffer';
import type { ModelWeights } from '../weights/weights';
import type { Activations } from './activations';
import type { LinearContext } from './linear-context';
import type { HostTraffic } from './tile-traffic';

/** Everything that a graph binds. */
export interface GraphContext extends LinearContext {
  readonly weights: ModelWeights;
  readonly cache: KvCache;
  readonly host: HostTraffic;
  readonly activations: Activations;
  /** Latest sampled token of every sequence. */
  readonly tokens: GpuBuffer;
  readonly ropeTable: GpuBuffer;
  /** That of layers with RoPE of their own. */
  readonly windowRopeTable: GpuBuffer;
}
