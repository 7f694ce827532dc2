/** What `config.json` says of quantised weights: MLX's affine groups are read, all else is refused by its name. Pure. */
import { ConfigFields } from '../util/config-fields';
import { isJsonObject } from '../util/json';

/** Affine groups as MLX makes them (`mlx.core.quantize`): `w = scale * q + bias`, q packed without gaps, lowest bits first. */
export interface GroupQuantization {
  readonly bits: number;
  /** Columns that share a scale and a bias: 32, 64 or 128. */
  readonly groupSize: number;
}

/** Of a whole model. */
export interface Quantization extends GroupQuantization {
  /** By the module's name; false: it is not quantised. */
  readonly overrides: Readonly<Record<string, GroupQuantization | false>>;
}

const advice =
  "a GGUF file or an MLX repository of the same model loads, or one that is not quantised, with weights: 'q4'";

/** Undefined for weights that are not quantised. @throws EngineError `model-unsupported` naming the field or the method */
export function parseQuantization(fields: ConfigFields): Quantization | undefined {
  const name = fields.get('quantization') !== undefined ? 'quantization' : 'quantization_config';
  const value = fields.get(name);
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) throw fields.refuse(name, 'an object is needed');
  const own = new ConfigFields(value, `${name}.`);
  const method = value['quant_method'];
  const why = `this engine does not read it; ${advice}`;
  if (typeof method === 'string') throw own.refuse('quant_method', why);
  // What names no width is not MLX's.
  if (own.get('bits') === undefined) throw fields.refuse(name, why);
  const overrides: Record<string, GroupQuantization | false> = {};
  for (const [module, entry] of Object.entries(value)) {
    if (isJsonObject(entry)) overrides[module] = parseGroups(new ConfigFields(entry, `${name}.${module}.`));
    else if (entry === false) overrides[module] = false;
  }
  return { ...parseGroups(own), overrides };
}

function parseGroups(fields: ConfigFields): GroupQuantization {
  const mode = fields.string('mode', 'affine');
  if (mode !== 'affine') throw fields.refuse('mode', `this engine reads 'affine'; ${advice}`);
  const bits = fields.integer('bits', { min: 2, max: 8 });
  const groupSize = fields.integer('group_size', { min: 32, max: 128 });
  if (bits === 7) throw fields.refuse('bits', 'this engine reads 2, 3, 4, 5, 6 and 8');
  if (groupSize !== 32 && groupSize !== 64 && groupSize !== 128)
    throw fields.refuse('group_size', 'this engine reads 32, 64 and 128');
  return { bits, groupSize };
}
