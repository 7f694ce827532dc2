/** Creates all buffers of a model's weights at once, empty. */
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import type { WeightFormat } from '../kernels/linear/weight-format';
import type { ModelConfig } from '../config/model-config';
import { planSlabs, weightBytes, weightShapes, type MatrixShape } from './weight-layout';
import type { LayerWeights, Matrix, ModelWeights } from './weights';

/**
 * @throws EngineError `gpu-memory` when the GPU has no room, `limit-too-small` when a row exceeds a binding; nothing is
 * left allocated then
 */
export async function allocateWeights(
  device: Device,
  config: ModelConfig,
  format: WeightFormat,
  maxBindingBytes: number,
): Promise<ModelWeights> {
  const sizeBytes = weightBytes(config, format, maxBindingBytes);
  const created: GpuBuffer[] = [];
  const create = (label: string, bytes: number): GpuBuffer => {
    const buffer = device.buffers.create({ label, category: 'weights', sizeBytes: bytes });
    created.push(buffer);
    return buffer;
  };
  const createMatrix = (label: string, shape: MatrixShape): Matrix => ({
    format,
    ...shape,
    slabs: planSlabs(format, shape, maxBindingBytes).map(({ firstRow, numRows, valueBytes, scaleBytes }) => ({
      firstRow,
      numRows,
      values: create(label, valueBytes),
      ...(scaleBytes > 0 && { scales: create(`${label}, scales`, scaleBytes) }),
    })),
  });
  const createLayer = (layerIndex: number): LayerWeights => {
    const { layerMatrices, layerVectors } = weightShapes(config);
    const label = (part: string) => `layer ${layerIndex} ${part}`;
    return {
      ...mapEntries(layerMatrices, (shape, part) => createMatrix(label(part), shape)),
      ...mapEntries(layerVectors, (length, part) => create(label(part), 4 * length)),
    } as unknown as LayerWeights;
  };
  try {
    return await device.allocating(`${sizeBytes} bytes of weights`, () => {
      const { matrices, finalNorm } = weightShapes(config);
      return {
        format,
        ...(mapEntries(matrices, (shape, part) => createMatrix(part, shape)) as Pick<
          ModelWeights,
          'embedding' | 'head'
        >),
        layers: Array.from({ length: config.numLayers }, (_, layerIndex) => createLayer(layerIndex)),
        finalNorm: create('finalNorm', 4 * finalNorm),
      };
    });
  } catch (error) {
    for (const buffer of created) buffer.destroy();
    throw error;
  }
}

function mapEntries<V, R>(
  record: Readonly<Record<string, V>>,
  map: (value: V, key: string) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
