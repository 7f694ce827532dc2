/** The one error of the store of conversations, as sentences for people. */

/** Conversations that the browser does not keep; `message` says why, as a whole sentence, and `step` what can be done. */
export class ConversationStoreError extends Error {
  override readonly name = 'ConversationStoreError';
  readonly step: string;

  constructor(cause: unknown) {
    const isFull = cause instanceof DOMException && cause.name === 'QuotaExceededError';
    super(
      isFull
        ? 'The browser gives this page no more space, so this conversation is gone once the page is closed.'
        : 'The browser keeps no conversations for this page: what is asked here is gone once the page is closed.',
      { cause },
    );
    this.step = isFull
      ? 'Delete documents or models that you no longer need, or free space on the disk.'
      : 'Copy what you need. A window that is not private may keep it.';
  }
}
