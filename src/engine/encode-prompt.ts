/** From a prompt's text or messages to token ids: pure. Documents of the library come in by `documents.ts`. */
import type { ChatTemplate } from '../tokenizer/chat-template';
import type { Tokenizer } from '../tokenizer/tokenizer';
import type { Prompt } from './generation';
import type { EncodedPrompt } from './sources';

/**
 * The token ids of a prompt that names no document of the library, and which of them are the text that it is about.
 * @throws EngineError `model-unsupported`; RangeError for a document that is not open
 */
export function encodePrompt(prompt: Prompt, tokenizer: Tokenizer, template: ChatTemplate): EncodedPrompt {
  switch (prompt.kind) {
    case 'ids': {
      const ids = [...prompt.ids];
      return { ids, subject: { numTokens: ids.length, prefix: undefined, textStart: 0 } };
    }
    case 'text': {
      const ids = tokenizer.encode(prompt.text);
      return { ids, subject: { numTokens: ids.length, prefix: prompt.text, textStart: 0 } };
    }
    case 'chat': {
      const { messages, document } = prompt;
      if (document && 'id' in document) {
        throw new RangeError(`'${document.id}' must be opened to be a part of a prompt.`);
      }
      const { documentPrefix, rest } = template.render({ messages, document: document?.text });
      const options = { addSpecialTokens: false };
      const prefixIds = documentPrefix === '' ? [] : tokenizer.encode(documentPrefix, options);
      const isContinuation = prefixIds.length > 0;
      const textStart = documentPrefix.length - (document?.text.length ?? 0);
      return {
        ids: [...prefixIds, ...tokenizer.encode(rest, { ...options, isContinuation })],
        subject: isContinuation
          ? { numTokens: prefixIds.length, prefix: documentPrefix, textStart }
          : undefined,
      };
    }
  }
}
