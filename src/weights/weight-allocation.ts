/** Creates all buffers of a model's weights at once, empty. */
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import type { ModelConfig } from '../config/model-config';
import type { MatrixFormats } from './matrix-formats';
import { planSlabs, weightBytes, weightShapes, type MatrixShape } from './weight-layout';
import type { LayerMatrix, ModelMatrix } from './weight-parts';
import type { LayerWeights, Matrix, ModelWeights } from './weights';

/**
 * @throws EngineError `gpu-memory` when the GPU has no room, `limit-too-small` when a row exceeds a binding; nothing is
 * left allocated then
 */
export async function allocateWeights(
  device: Device,
  config: ModelConfig,
  formats: MatrixFormats,
  maxBindingBytes: number,
): Promise<ModelWeights> {
  const sizeBytes = weightBytes(config, formats, maxBindingBytes);
  const created: GpuBuffer[] = [];
  const create = (label: string, bytes: number): GpuBuffer => {
    const buffer = device.buffers.create({ label, category: 'weights', sizeBytes: bytes });
    created.push(buffer);
    return buffer;
  };
  const createMatrix = (
    label: string,
    shape: MatrixShape,
    part: LayerMatrix | ModelMatrix,
    layerIndex?: number,
  ): Matrix => ({
    ...shape,
    slabs: planSlabs(formats.runsOf(part, layerIndex, shape.numRows), shape.numColumns, maxBindingBytes).map(
      ({ valueBytes, scaleBytes, ...run }) => ({
        ...run,
        values: create(label, valueBytes),
        ...(scaleBytes > 0 && { scales: create(`${label}, scales`, scaleBytes) }),
      }),
    ),
  });
  const createLayer = (layerIndex: number): LayerWeights => {
    const { layerMatrices, layerVectors } = weightShapes(config);
    const label = (part: string) => `layer ${layerIndex} ${part}`;
    return {
      ...mapEntries(layerMatrices, (shape, part) =>
        createMatrix(label(part), shape, part as LayerMatrix, layerIndex),
      ),
      ...mapEntries(layerVectors, (length, part) => create(label(part), 4 * length)),
    } as unknown as LayerWeights;
  };
  try {
    return await device.allocating(`${sizeBytes} bytes of weights`, () => {
      const { matrices, finalNorm, headBias } = weightShapes(config);
      return {
        ...(mapEntries(matrices, (shape, part) => createMatrix(part, shape, part as ModelMatrix)) as Pick<
          ModelWeights,
          'embedding' | 'head'
        >),
        layers: Array.from({ length: config.numLayers }, (_, layerIndex) => createLayer(layerIndex)),
        finalNorm: create('finalNorm', 4 * finalNorm),
        ...(headBias && { headBias: create('headBias', 4 * headBias) }),
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
