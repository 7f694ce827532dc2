/** Which texts name a model on the hub, and not an address: pure, and small, since every load asks. */

/** A model on the hub as a caller names it. It can cross to a worker. */
export interface HubLocation {
  /** `owner/name`, with `:Q4_K_M` and `@revision` where they are given, or the address of a repository's page. */
  readonly hubName: string;
  /** A server that answers as the Hugging Face hub does; without one, the hub itself. */
  readonly hubUrl?: string | undefined;
}

const name = /^(?!\.+\/)[\w.-]+\/(?!\.+(?:[:@]|$))[\w.-]+(?::\w+)?(?:@[\w./-]+)?$/;
const page = /^[\w.-]+\/[\w.-]+(?:\/(?:tree|commit)\/[^?#]+)?\/?$/;

/**
 * Whether a text names a model of the hub: `owner/name`, with `:Q4_K_M` for one of its GGUF files, `@revision` or both, or the address
 * of its page there. A folder's relative URL of two parts begins with `./` or ends with `/`.
 */
export function isHubName(text: string, hubUrl = 'https://huggingface.co'): boolean {
  const hub = `${hubUrl.replace(/\/$/, '')}/`;
  if (text.startsWith(hub)) return page.test(text.slice(hub.length)) && !text.endsWith('.gguf');
  return name.test(text) && !text.endsWith('.gguf');
}
