/** Model repositories on the Hugging Face hub, or on a server that answers as it does. */
import { EngineError } from '../../util/errors';
import { poolingFile, storedPoolingFile } from '../pooling-file';
import { defaultHubUrl, mayComeFrom, pathOnHub } from './hub-address';

/** Architectures that this engine runs, as `config.json` names them: others are refused before a long download. */
export const supportedArchitectures: readonly string[] = [
  'Ernie4_5ForCausalLM',
  'Exaone4ForCausalLM',
  'Gemma2ForCausalLM',
  'Gemma3ForCausalLM',
  'GemmaForCausalLM',
  'Glm4ForCausalLM',
  'GraniteForCausalLM',
  'HunYuanDenseV1ForCausalLM',
  'LlamaForCausalLM',
  'Ministral3ForCausalLM',
  'MistralForCausalLM',
  'Olmo2ForCausalLM',
  'Olmo3ForCausalLM',
  'Phi3ForCausalLM',
  'PhiForCausalLM',
  'Qwen2ForCausalLM',
  'Qwen2_5_VLForConditionalGeneration',
  'Qwen3ForCausalLM',
  'Qwen3MoeForCausalLM',
  'Qwen3VLForConditionalGeneration',
  'SmolLM3ForCausalLM',
  'StableLmForCausalLM',
];

/** A repository as a person names it. */
export interface HubReference {
  /** `owner/name`. */
  readonly repository: string;
  /** A branch, tag or commit. */
  readonly revision: string;
  /** Which of the repository's GGUF files, such as `Q4_K_M`; undefined for a model in Hugging Face layout. */
  readonly quantization?: string;
}

/** A file of a repository at one commit. */
export interface HubFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly url: string;
}

/** The files of a model at one commit, which never change. */
export interface HubModel extends HubReference {
  readonly commit: string;
  readonly files: readonly HubFile[];
  readonly totalBytes: number;
  /**
   * GPU bytes of the weights, about: in f16 from the number of weights where the hub says it, else from the files' size, as which
   * GGUF's are kept.
   */
  readonly weightBytes: number;
}

const namePart = /^[\w.-]+$/;
const fewFiles = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'modules.json',
  poolingFile,
];

/**
 * Reads `owner/name`, `owner/name@revision`, either with `:Q4_K_M` or the like after the name, or the address of a repository's page
 * on the hub, be it the one that is asked or Hugging Face's.
 * @throws TypeError when it is none of these, such as an address of another site
 */
export function parseReference(text: string, hubUrl = defaultHubUrl): HubReference {
  const path = pathOnHub(text.trim(), hubUrl);
  const [named = '', revision = 'main'] = path
    .replace(/\/(?:tree|commit)\//, '@')
    .replace(/\/$/, '')
    .split('@');
  const [name = '', quantization, ...more] = named.split(':');
  const parts = name.split('/');
  const isQuantization = quantization === undefined || /^\w+$/.test(quantization);
  const isName =
    more.length === 0 &&
    isQuantization &&
    parts.length === 2 &&
    parts.every((part) => namePart.test(part) && !/^\.+$/.test(part));
  if (!isName || !/^[\w./-]+$/.test(revision) || revision.split('/').some((part) => /^\.*$/.test(part))) {
    throw new TypeError(
      `“${text.trim()}” is no model's name: names look like owner/name, owner/name@revision or owner/name:Q4_K_M.`,
    );
  }
  return { repository: name, revision, ...(quantization !== undefined && { quantization }) };
}

/** What the hub's API says of a repository, as far as it matters here; `undefined` where it says something else. */
interface HubAnswer {
  readonly commit: string | undefined;
  /** Sizes by name, as the hub gives them. */
  readonly sizes: ReadonlyMap<string, unknown>;
  readonly architectures: unknown;
  /** Of repositories with safetensors: the number of weights. */
  readonly numWeights: number | undefined;
}

/** Bytes of a file, and numbers of weights, beyond which nobody means them: no device has a thousandth of it. */
const most = 2 ** 44;

/** Reads the hub's answer without trusting it; undefined when it is no answer about a repository. */
export function readHubAnswer(value: unknown): HubAnswer | undefined {
  if (!isObject(value)) return undefined;
  const { sha, siblings = [], config, safetensors } = value;
  if (!Array.isArray(siblings)) return undefined;
  const sizes = new Map<string, unknown>();
  for (const file of siblings as unknown[]) {
    if (!isObject(file) || typeof file.rfilename !== 'string') return undefined;
    sizes.set(file.rfilename, file.size);
  }
  const total = isObject(safetensors) ? safetensors.total : undefined;
  return {
    commit: typeof sha === 'string' && /^[\da-f]{40}$/.test(sha) ? sha : undefined,
    sizes,
    architectures: isObject(config) ? config.architectures : undefined,
    numWeights: isSize(total) && total > 0 ? total : undefined,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

/**
 * The files that the engine reads: configuration, tokenizer, and the weights whole or in shards; or one GGUF model with all its
 * parts, the one that is asked for, or the usual one of a repository that has nothing else.
 */
export function chooseFiles(names: readonly string[], quantization?: string): string[] {
  const models = names.filter((name) => /^[^/\\]+\.gguf$/.test(name) && !/mmproj/i.test(name));
  const isFolder = names.includes('config.json') && names.some((name) => /^model.*\.safetensors$/.test(name));
  if (quantization !== undefined || (models.length > 0 && !isFolder)) {
    const ofKind = (kind: string) => models.filter((name) => quantizationOf(name) === kind.toUpperCase());
    const wanted = quantization === undefined ? usualQuantizations : [quantization];
    return wanted.map(ofKind).find((files) => files.length > 0) ?? [];
  }
  const hasWhole = names.includes('model.safetensors');
  const isWeight = (name: string) =>
    hasWhole
      ? name === 'model.safetensors'
      : name === 'model.safetensors.index.json' || /^model-\d+-of-\d+\.safetensors$/.test(name);
  return names.filter((name) => fewFiles.includes(name) || isWeight(name));
}

/** What is taken of a repository of GGUF files where nobody says which, the first that it has. */
const usualQuantizations = ['Q4_K_M', 'Q4_K_S', 'Q4_0', 'Q4_1', 'Q5_K_M', 'Q8_0', 'F16', 'BF16', 'F32'];

/** `Q4_K_M` of `name-Q4_K_M.gguf` or `name.Q4_K_M-00001-of-00002.gguf`, in capitals. */
function quantizationOf(name: string): string | undefined {
  return /[-.]([a-z]+\d\w*?)(?:-\d{5}-of-\d{5})?\.gguf$/i.exec(name)?.[1]?.toUpperCase();
}

/** @throws EngineError `model-unsupported` when something that the engine needs is not there */
function checkComplete(repository: string, files: readonly string[], { quantization }: HubReference): void {
  if (files.some((name) => name.endsWith('.gguf'))) return;
  if (quantization !== undefined) {
    throw new EngineError('model-unsupported', `${repository} has no GGUF file of ${quantization}.`);
  }
  const missing = ['config.json', 'tokenizer.json'].filter((name) => !files.includes(name));
  if (!files.some((name) => name.endsWith('.safetensors'))) missing.push('model.safetensors');
  if (missing.length === 0) return;
  throw new EngineError(
    'model-unsupported',
    `${repository} has no ${missing.join(', no ')}: choose a repository in Hugging Face layout with safetensors, or of GGUF files.`,
  );
}

function checkArchitecture(repository: string, architectures: unknown): void {
  if (!Array.isArray(architectures) || architectures.length === 0) return;
  const names = architectures.filter((name) => typeof name === 'string');
  if (names.some((name) => supportedArchitectures.includes(name))) return;
  throw new EngineError(
    'model-unsupported',
    `${repository} is a ${names.join(', ')}, which is not supported here.`,
  );
}

/** What an answer of the hub that is no success means, as a sentence. */
export function describeStatus(status: number, what: string): string {
  if (status === 401 || status === 403) {
    return `The hub has no public ${what}: the name is wrong, or one has to sign in for it. Download it there and choose its folder.`;
  }
  if (status === 404) return `The hub has no ${what}. Check the name and the revision.`;
  if (status === 429)
    return 'The hub takes no more requests from here for now (429). Wait some minutes, then go on.';
  return `The hub did not give ${what}: it answered ${status}. Try again later.`;
}

/**
 * Finds a repository's files at the commit that its revision means now.
 * @throws EngineError `network`, `model-unsupported`; the signal's reason when aborted
 */
export async function findHubModel(
  reference: HubReference,
  hubUrl: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<HubModel> {
  const { repository, revision } = reference;
  const what = `model ${repository} at ${revision}`;
  let answer: HubAnswer | undefined;
  try {
    const url = `${hubUrl}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`;
    const response = await fetch(url, { credentials: 'omit', ...(signal && { signal }) });
    if (!mayComeFrom(url, response.url)) {
      await response.body?.cancel();
      throw new EngineError(
        'network',
        `The hub sends those who ask for ${what} to ${new URL(response.url).host}.`,
      );
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new EngineError('network', describeStatus(response.status, what));
    }
    answer = readHubAnswer(await response.json());
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof EngineError) throw cause;
    const advice = 'Check the connection, and that the policy of this page names the hub.';
    throw new EngineError('network', `The hub could not be asked for ${what}. ${advice}`, { cause });
  }
  return modelOf(reference, hubUrl, answer);
}

/**
 * The model that the hub's answer is about.
 * @throws EngineError `network` when the answer is of another shape, `model-unsupported` when the engine cannot run it
 */
export function modelOf(reference: HubReference, hubUrl: string, answer: HubAnswer | undefined): HubModel {
  const { repository, revision } = reference;
  const what = `model ${repository} at ${revision}`;
  if (!answer) throw new EngineError('network', `What the hub says of ${what} is no answer about a model.`);
  const { commit, sizes, architectures } = answer;
  if (commit === undefined) throw new EngineError('network', `The hub did not say which commit ${what} is.`);
  const names = chooseFiles([...sizes.keys()], reference.quantization);
  checkComplete(repository, names, reference);
  checkArchitecture(repository, architectures);
  const files = names.map((name): HubFile => {
    const sizeBytes = sizes.get(name);
    if (!isSize(sizeBytes)) {
      throw new EngineError('network', `The hub did not say how large ${name} of ${repository} is.`);
    }
    const path = name.split('/').map(encodeURIComponent).join('/');
    const url = `${hubUrl}/${repository}/resolve/${commit}/${path}`;
    return { name: name === poolingFile ? storedPoolingFile : name, sizeBytes, url };
  });
  const sumOf = (some: readonly HubFile[]) => some.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  const isGguf = names.some((name) => name.endsWith('.gguf'));
  const numWeights = isGguf ? undefined : answer.numWeights;
  const weightBytes =
    numWeights === undefined
      ? sumOf(files.filter(({ name }) => /\.(?:safetensors|gguf)$/.test(name)))
      : 2 * numWeights;
  return { ...reference, commit, files, totalBytes: sumOf(files), weightBytes };
}
