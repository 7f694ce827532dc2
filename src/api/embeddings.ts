/** Embeddings in OpenAI's shape: requests checked field by field, vectors as lists or in base64. A part on demand. */
import { poolings, type Pooling } from '../config/pooling';
import { checkedInteger, RequestReader } from './request-reader';
import { checkModel, type RequestContext } from './validate-options';

/** What `engine.embeddings.create` takes: OpenAI's fields, then ours. A field that is not listed is refused by name. */
export interface EmbeddingRequest {
  /** A text or token ids, or a list of either. Texts get what the model's files put around a prompt, ids nothing. */
  input: string | readonly string[] | readonly number[] | readonly (readonly number[])[];
  model?: string | null;
  /** How a vector comes: as a list of numbers (default), or as f32, little-endian, in base64. */
  encoding_format?: 'float' | 'base64' | null;
  /** Fewer values of each vector, where the model's configuration says that it may be cut; else only as many as it has. */
  dimensions?: number | null;
  user?: string | null;
  /** Ours: how tokens become one vector, in place of what the model's files say. */
  pooling?: Pooling | null;
}

/** One input's vector, of the length 1. */
export interface EmbeddingItem {
  object: 'embedding';
  /** Which of the inputs. */
  index: number;
  /** Base64 where that was asked for. */
  embedding: number[];
}

/** What `create` resolves to. */
export interface EmbeddingResponse {
  object: 'list';
  data: EmbeddingItem[];
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
}

/** Has checked inputs embedded. */
type Embed = (wish: {
  readonly inputs: readonly (string | readonly number[])[];
  readonly pooling: Pooling | undefined;
  readonly dimensions: number | undefined;
}) => Promise<{ readonly vectors: readonly Float32Array<ArrayBuffer>[]; readonly numTokens: number }>;

/**
 * Checks a request, has it answered by `embed`, and gives its answer.
 * @throws TypeError for a wrong type or an unknown field; RangeError for a value out of range; each a sentence that names the field;
 * what `embed` throws
 */
export async function createEmbeddings(
  value: unknown,
  context: RequestContext & { readonly modelName: string },
  embed: Embed,
): Promise<EmbeddingResponse> {
  const reader = new RequestReader(value, 'The embedding request');
  checkModel(reader.string('model'), context);
  reader.string('user');
  const inputs = readInputs(reader, context.vocabSize);
  const encoding = oneOf(reader, 'encoding_format', ['float', 'base64']) ?? 'float';
  const dimensions = reader.integer('dimensions', { min: 1, max: 2 ** 22 });
  const pooling = oneOf(reader, 'pooling', poolings);
  reader.refuseRest();
  const { vectors, numTokens } = await embed({ inputs, pooling, dimensions });
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      // OpenAI's type does not know its own base64 either.
      embedding: encoding === 'float' ? [...vector] : (base64(vector) as unknown as number[]),
    })),
    model: context.modelName,
    usage: { prompt_tokens: numTokens, total_tokens: numTokens },
  };
}

function readInputs(
  reader: RequestReader,
  vocabSize = Number.MAX_SAFE_INTEGER,
): (string | readonly number[])[] {
  const value = reader.take('input');
  const list: unknown[] = Array.isArray(value) && typeof value[0] !== 'number' ? value : [value];
  if (list.length === 0) throw new RangeError('"input" must not be empty.');
  const range = { min: 0, max: vocabSize - 1 };
  return list.map((input, i) => {
    const name = list === value ? `input[${i}]` : 'input';
    if (typeof input !== 'string' && !Array.isArray(input)) {
      throw reader.wrongType(name, 'a text or a list of token ids', input);
    }
    if (input.length === 0) throw new RangeError(`"${name}" must not be empty.`);
    if (typeof input === 'string') return input;
    return Array.from(input, (id: unknown, k) => checkedInteger(id, `${name}[${k}]`, range));
  });
}

function oneOf<T extends string>(reader: RequestReader, name: string, known: readonly T[]): T | undefined {
  const value = reader.string(name);
  const found = known.find((one) => one === value);
  if (value === undefined || found !== undefined) return found;
  throw new RangeError(`"${name}" must be ${known.map((one) => `"${one}"`).join(' or ')}.`);
}

/** The numbers as f32, little-endian, in base64. */
function base64(vector: Float32Array<ArrayBuffer>): string {
  const bytes = new DataView(new ArrayBuffer(4 * vector.length));
  vector.forEach((value, i) => bytes.setFloat32(4 * i, value, true));
  return btoa(Array.from(new Uint8Array(bytes.buffer), (byte) => String.fromCharCode(byte)).join(''));
}
