/** The built library in headless Chromium, as `profile` drives it. */
import type { Browser } from 'playwright';
import { pageModule } from '../bench/page-module';
import { ensureLibrary } from '../build/ensure-library.mjs';
import { serve } from '../serve/static-server.mjs';
import type { ProfileEngine } from './run-profile';

/**
 * Loads a model in a page of its own, from a server on this machine.
 * @param location folder or URL
 * @throws Error with the message of the engine's
 */
export async function openBrowserEngine(
  browser: Browser,
  location: string,
  kv: Readonly<Record<string, unknown>>,
): Promise<ProfileEngine> {
  const isUrl = /^https?:\/\//.test(location);
  const site = await serve({
    mounts: [
      { prefix: '/dist/', folder: ensureLibrary() },
      { prefix: '/profile/', folder: import.meta.dirname },
      ...(isUrl ? [] : [{ prefix: '/model/', folder: location }]),
    ],
    pages: { '/': '<!doctype html><title>profile</title>' },
  });
  const page = await browser.newPage();
  const close = async () => {
    await page.close();
    await site.close();
  };
  try {
    await page.goto(site.origin);
    const call = pageModule(page, '/profile/page.mjs');
    const refused = await call<{ code: string; message: string } | undefined>(
      'load',
      isUrl ? location : '/model/',
      { kv },
    );
    if (refused) throw new Error(`${refused.message} (${refused.code})`);
    return {
      write: (input) => call('write', input),
      // A page gives null for undefined.
      headProfile: async () =>
        (await call<Awaited<ReturnType<ProfileEngine['headProfile']>>>('headProfile')) ?? undefined,
      dispose: async () => {
        await call('dispose');
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
