/** What an error means to the person at the page, and what they can do: pure. */
import { EngineError, type DocumentInfo } from '../src/index';
import { ConversationStoreError } from './conversation-store-error';
import { plainSentence, shortName } from './format';
import { ImportError, ImportFailures } from './import/import-error';

/** An error as the page shows it. */
interface ErrorText {
  readonly title: string;
  /** Why, as a sentence; empty where the steps say it, each of another document. */
  readonly detail: string;
  /** Things to try, best first. */
  readonly steps: readonly string[];
  /** Whether loading the model again can help. */
  readonly canRetry: boolean;
  /** Whether another model can help. */
  readonly canPick?: boolean;
  /** Which other memory limit can help. */
  readonly otherLimit?: 'smaller' | 'larger';
}

const turnOnWebgpu = [
  'Chrome or Edge: version 113 or newer on Windows, macOS and ChromeOS, 121 or newer on Android.',
  'Chrome on Linux: open chrome://flags/#enable-unsafe-webgpu, enable it, and restart the browser.',
  'Safari: version 26 or newer. Firefox: version 141 or newer on Windows.',
  'Open the page over https or from localhost: browsers offer WebGPU nowhere else.',
];

const pickAnother =
  'Pick another model: those of the Llama, Mistral, Qwen, Gemma, Phi, SmolLM, Granite and OLMo families are understood, among others.';

const beyondLimit: Omit<ErrorText, 'detail'> = {
  title: 'The GPU memory limit is too small',
  steps: ['Use a larger limit, or pick a smaller model.'],
  canRetry: false,
  canPick: true,
  otherLimit: 'larger',
};

const textByCode: Readonly<Record<string, Omit<ErrorText, 'detail'>>> = {
  'webgpu-unavailable': { title: 'WebGPU is not available', steps: turnOnWebgpu, canRetry: true },
  'limit-too-small': {
    title: 'This GPU is too small for the model',
    steps: ['This GPU cannot hold so large a part of a model at once. Pick a smaller model.'],
    canRetry: false,
    canPick: true,
  },
  'model-unsupported': {
    title: 'This model is not supported',
    steps: [pickAnother],
    canRetry: false,
    canPick: true,
  },
  'weights-corrupt': {
    title: 'The model’s files are damaged',
    steps: ['Download the model again, all of its files.'],
    canRetry: true,
    canPick: true,
  },
  network: {
    title: 'The model could not be downloaded',
    steps: [
      'Check the address and your connection, then try again.',
      'Another site must allow this page to read its files (CORS), and this page’s policy must allow the site.',
    ],
    canRetry: true,
    canPick: true,
  },
  'context-too-long': {
    title: 'The conversation is too long',
    steps: ['Begin a new conversation, or raise the memory limit under Memory.'],
    canRetry: false,
  },
  'gpu-memory': {
    title: 'The GPU has too little memory',
    steps: ['Set a smaller memory limit, close other tabs that use the GPU, or pick a smaller model.'],
    canRetry: true,
    canPick: true,
    otherLimit: 'smaller',
  },
  'host-memory': {
    title: 'This tab has too little memory',
    steps: ['Close other tabs, or pick a smaller model.'],
    canRetry: true,
    canPick: true,
  },
  'storage-quota': {
    title: 'The browser gives this page no more space',
    steps: ['Delete documents or models that you no longer need, or free space on the disk.'],
    canRetry: false,
  },
  'storage-lost': {
    title: 'The browser cleared what was stored',
    steps: ['Ask again: what was lost is computed anew. Documents that were kept may have to be read again.'],
    canRetry: true,
  },
  'document-damaged': {
    title: 'This document is damaged',
    steps: ['Read it again. A file that was exported must be whole: export it once more.'],
    canRetry: false,
  },
  'document-busy': {
    title: 'This document is in use',
    steps: ['Another tab has it open or reads it. Close that tab, or wait until it is done.'],
    canRetry: false,
  },
  'not-finite': {
    title: 'The model computes no numbers',
    steps: ['Its files may be damaged: download it again. If it happens again, pick another model.'],
    canRetry: false,
    canPick: true,
  },
  'document-unread': {
    title: 'Nothing of this document is read yet',
    steps: ['Ask again when its first part is read.'],
    canRetry: false,
  },
  'device-lost': {
    title: 'The GPU was lost',
    steps: [
      'The browser or the driver took it away, as after sleep, an update, or where memory ran out. Load the model again; if it is lost again, use a smaller memory limit.',
    ],
    canRetry: true,
    canPick: true,
    otherLimit: 'smaller',
  },
};

/** Documents are called by their ids in errors, which nobody has seen. */
function withTitles(message: string, documents: readonly Pick<DocumentInfo, 'id' | 'title'>[]): string {
  return documents.reduce((text, { id, title }) => text.replaceAll(`'${id}'`, `“${title}”`), message);
}

/**
 * The text for any thrown value; what is not an `EngineError` is shown as it is, as a fault of ours.
 * @param documents those that the error can be about
 */
export function describeError(
  error: unknown,
  documents: readonly Pick<DocumentInfo, 'id' | 'title'>[] = [],
): ErrorText {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ImportError) {
    return {
      title: 'This document could not be taken in',
      detail: message,
      steps: [error.step],
      canRetry: false,
    };
  }
  if (error instanceof ImportFailures) {
    const steps = error.failures.map(({ name, error: cause }) => {
      const { detail, steps } = describeError(cause, documents);
      return [`“${shortName(name)}”: ${detail}`, ...steps].join(' ');
    });
    return { title: message, detail: '', steps, canRetry: false };
  }
  if (error instanceof ConversationStoreError) {
    return {
      title: 'This conversation is not kept',
      detail: message,
      steps: [error.step],
      canRetry: false,
    };
  }
  const known = error instanceof EngineError ? textByCode[error.code] : undefined;
  const detail = plainSentence(withTitles(message, documents));
  // The plan of a load that goes over the person's own limit is no fault of the GPU.
  if (known && /kv\.gpuBytes is \d/.test(message)) return { ...beyondLimit, detail };
  // What browsers say of a lost device speaks to their makers, and the title says it all.
  const isTold =
    error instanceof EngineError && error.code === 'device-lost' && /lost \(\w+\):/.test(message);
  if (known) return { ...known, detail: isTold ? '' : detail };
  return {
    title: 'Something went wrong',
    detail: message,
    steps: ['Load the model again. If it happens every time, please report it.'],
    canRetry: true,
  };
}
