/** Addresses of the hub: which are its own, and where it may send those who ask. Pure. */

/** Where the hub is. */
export const defaultHubUrl = 'https://huggingface.co';

/** The address that a text is, if it is one. */
export function parseUrl(text: string, base?: string): URL | undefined {
  return URL.canParse(text, base) ? new URL(text, base) : undefined;
}

/**
 * What an address names on the hub, be it the one that is asked or Hugging Face's; a text that is no address as it is.
 * @throws TypeError for an address of another site
 */
export function pathOnHub(text: string, hubUrl: string): string {
  if (!/^[a-z][\w+.-]*:\/\//i.test(text)) return text;
  const { protocol, host, pathname, search, hash } = parseUrl(text) ?? {};
  for (const hub of [hubUrl, defaultHubUrl].map((url) => new URL(url))) {
    const folder = hub.pathname.replace(/\/$/, '');
    const isThere =
      /^https?:$/.test(protocol ?? '') && host === hub.host && pathname?.startsWith(`${folder}/`);
    if (isThere) return pathname!.slice(folder.length + 1) + search! + hash!;
  }
  throw new TypeError(
    `“${text}” is no address of the hub, ${new URL(hubUrl).host}: models of other sites are loaded from a folder.`,
  );
}

/**
 * Whether what was asked for at one address may come from another: a hub on https hands on to no other protocol, and Hugging
 * Face's to its own stores alone. What else a mirror may do, the policy of the page says.
 */
export function mayComeFrom(asked: string, answered: string): boolean {
  if (asked === answered || answered === '') return true;
  const [from, to] = [new URL(asked), new URL(answered)];
  if (from.protocol === 'https:' && to.protocol !== 'https:') return false;
  if (from.host !== new URL(defaultHubUrl).host) return true;
  return to.host === from.host || to.host.endsWith('.hf.co');
}
