/** From a prompt's text or messages to token ids. Documents of the library come in by `documents.ts`. */
import type { ChatTemplate } from '../tokenizer/chat-template';
import { encodeChunks } from '../tokenizer/chunked-encoding';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { pause } from '../util/pause';
import { promptTooLong } from '../loop/admission';
import type { Prompt } from '../loop/generation';
import type { EncodedPrompt } from './sources';

/** What texts are encoded with. */
interface EncodeContext {
  readonly tokenizer: Tokenizer;
  /** Tokens that a request may have. */
  readonly contextTokens: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The token ids of a prompt that names no document of the library, and which of them are the text that it is about.
 * @throws EngineError `model-unsupported`, `context-too-long`; RangeError for a document that is not open; the signal's reason
 */
export async function encodePrompt(
  prompt: Prompt,
  template: ChatTemplate,
  context: EncodeContext,
): Promise<EncodedPrompt> {
  switch (prompt.kind) {
    case 'ids': {
      const ids = [...prompt.ids];
      return { ids, subject: { numTokens: ids.length, prefix: undefined, textStart: 0 } };
    }
    case 'text': {
      const ids = context.tokenizer.surround(await encodeText(prompt.text, false, context));
      return { ids, subject: { numTokens: ids.length, prefix: prompt.text, textStart: 0 } };
    }
    case 'chat': {
      const { messages, document, variables } = prompt;
      if (document && !('text' in document)) {
        throw new RangeError('A kept document must be opened to be a part of a prompt.');
      }
      const { documentPrefix, rest } = template.render({ messages, document: document?.text, variables });
      const prefixIds = await encodeText(documentPrefix, false, context);
      const isContinuation = prefixIds.length > 0;
      const textStart = documentPrefix.length - (document?.text.length ?? 0);
      const restIds = await encodeText(rest, isContinuation, context);
      return {
        ids: prefixIds.concat(restIds),
        subject: isContinuation
          ? { numTokens: prefixIds.length, prefix: documentPrefix, textStart }
          : undefined,
      };
    }
  }
}

/**
 * The ids of a part of a prompt, of any length: others are served meanwhile, and a part that alone is too long is given up early.
 * @throws EngineError `model-unsupported`, `context-too-long`; the signal's reason
 */
export async function encodeText(
  text: string,
  isContinuation: boolean,
  { tokenizer, contextTokens, signal }: EncodeContext,
): Promise<number[]> {
  const ids: number[] = [];
  for (const part of encodeChunks(tokenizer, text, { isContinuation })) {
    if (ids.length > 0) {
      if (ids.length >= contextTokens) throw promptTooLong(`more than ${ids.length}`, contextTokens);
      await pause();
      signal?.throwIfAborted();
    }
    for (const id of part) ids.push(id);
  }
  return ids;
}
