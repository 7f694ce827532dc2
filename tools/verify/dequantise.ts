/**
 * A GGUF file with the same weights in f32. llama.cpp rounds activations to 8 bits where weights are quantised; with these it
 * computes as exactly as the engine does.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { decodeRows } from '../../src/kernels/linear/weight-format';
import { ggmlRowBytes } from '../../src/source/gguf/ggml-types';
import { ggmlFormats, repackRows } from '../../src/weights/ggml-rows';
import { widenElements } from '../../src/weights/elements';
import { isFloatType } from '../../src/weights/safetensors';
import { GgufHeaderReader, type GgufHeader, type GgufTensor } from '../../src/source/gguf/gguf-header';
import { alignment, ByteWriter, tensorTypes } from '../goldens/gguf-format';

const headerPieceBytes = 2 ** 20;
const rowsAtOnce = 256;

/** Writes `target` from `source`, a file in one part. @throws EngineError for a file that the engine does not read */
export function dequantiseGguf(source: string, target: string): void {
  const [input, output] = [openSync(source, 'r'), openSync(target, 'w')];
  try {
    const header = readHeader(input, source);
    const start = new Uint8Array(header.metadataBytes);
    readSync(input, start, 0, start.length, 0);
    const out = new ByteWriter();
    out.bytes(start);
    let offset = 0;
    for (const { name, shape } of header.tensors) {
      out.string(name);
      out.u32(shape.length);
      for (const size of [...shape].reverse()) out.u64(size);
      out.u32(tensorTypes.f32);
      out.u64(offset);
      offset += Math.ceil(bytesOf(shape) / alignment) * alignment;
    }
    out.align();
    writeSync(output, out.concat());
    for (const tensor of header.tensors) copyTensor(input, output, tensor);
  } finally {
    closeSync(input);
    closeSync(output);
  }
}

const bytesOf = (shape: readonly number[]) => 4 * shape.reduce((product, size) => product * size, 1);

function readHeader(input: number, name: string): GgufHeader {
  const reader = new GgufHeaderReader(name);
  for (let position = 0; ; position += headerPieceBytes) {
    const piece = new Uint8Array(headerPieceBytes);
    const numBytes = readSync(input, piece, 0, piece.length, position);
    const header = numBytes === 0 ? reader.end() : reader.push(piece.subarray(0, numBytes));
    if (header) return header;
  }
}

function copyTensor(input: number, output: number, { name, type, shape, offsetBytes }: GgufTensor): void {
  const columns = shape.at(-1)!;
  const numRows = bytesOf(shape) / 4 / columns;
  const rowBytes = ggmlRowBytes(type, columns);
  for (let row = 0; row < numRows; row += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, numRows - row);
    const bytes = new Uint8Array(count * rowBytes);
    readSync(input, bytes, 0, bytes.length, offsetBytes + row * rowBytes);
    writeSync(output, new Uint8Array(widen().buffer));

    function widen(): Float32Array<ArrayBuffer> {
      if (isFloatType(type)) return widenElements(type, bytes);
      const rows = repackRows(type, bytes, count, columns);
      if (!rows) throw new Error(`Tensor '${name}' has scales that are infinite or no numbers.`);
      return decodeRows(ggmlFormats[type], rows, count, columns);
    }
  }
  const rest = bytesOf(shape) % alignment;
  if (rest > 0) writeSync(output, new Uint8Array(alignment - rest));
}
