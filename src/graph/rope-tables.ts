/** The tables of angles on the device: one for all layers, or a second one for layers with a sliding window. */
import type { ModelConfig, RopeConfig } from '../config/model-config';
import { ropeTable, ropeTableBytes } from '../config/rope';
import { bufferAlignment, type GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import { roundUp } from '../util/math';

/** What the tables depend on. */
interface RopeTablesShape {
  readonly config: Pick<ModelConfig, 'rope' | 'windowRope'>;
  /** Positions that have angles. */
  readonly contextTokens: number;
}

/** Both are one buffer where all layers have the same angles. */
export interface RopeTables {
  readonly all: GpuBuffer;
  readonly windowed: GpuBuffer;
}

function ropesOf({ config: { rope, windowRope } }: RopeTablesShape): RopeConfig[] {
  return windowRope ? [rope, windowRope] : [rope];
}

/** GPU bytes of the tables. */
export function ropeTablesBytes(shape: RopeTablesShape): number {
  const sizeOf = (rope: RopeConfig) => roundUp(ropeTableBytes(rope, shape.contextTokens), bufferAlignment);
  return ropesOf(shape).reduce((sum, rope) => sum + sizeOf(rope), 0);
}

/** Creates and fills the tables. @throws EngineError `gpu-memory` */
export function createRopeTables(device: Device, shape: RopeTablesShape): Promise<RopeTables> {
  return device.allocating('the RoPE tables', () => {
    const [all, windowed = all] = ropesOf(shape).map((rope, i) => {
      const table = ropeTable(rope, shape.contextTokens);
      const label = i === 0 ? 'RoPE' : 'RoPE of layers with a window';
      const buffer = device.buffers.create({ label, category: 'tables', sizeBytes: table.byteLength });
      device.write(buffer, 0, table);
      return buffer;
    });
    return { all: all!, windowed: windowed! };
  });
}

/** Frees the buffers. */
export function destroyRopeTables({ all, windowed }: RopeTables): void {
  all.destroy();
  if (windowed !== all) windowed.destroy();
}
