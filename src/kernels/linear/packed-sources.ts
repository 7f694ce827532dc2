/** The WGSL modules that give a kernel its matrix as bytes for packed dot products. */
import halves from '../../../shaders/lib/packed-halves.wgsl';
import packedQ4 from '../../../shaders/lib/packed-q4.wgsl';
import packedQ8 from '../../../shaders/lib/packed-q8.wgsl';
import whole from '../../../shaders/lib/packed-whole.wgsl';
import { formatTraits, type MatrixFormat } from './matrix-format';

/** Those to put behind `weightSources` of a format that has scales. */
export function packedSources(format: MatrixFormat): string[] {
  const { bits, group } = formatTraits[format];
  return [bits === 4 ? packedQ4 : packedQ8, group === 16 ? halves : whole];
}
