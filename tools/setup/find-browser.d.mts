/** An executable and, in words, where it comes from. */
export interface Browser {
  readonly path: string;
  readonly origin: string;
}
export function findBrowser(env?: Record<string, string | undefined>): Promise<Browser | undefined>;
export function findOrInstallBrowser(env?: Record<string, string | undefined>): Promise<Browser>;
