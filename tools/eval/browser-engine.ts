/** The built library in headless Chromium, as the quality bench drives it. */
import type { Browser } from 'playwright';
import type { EngineStats } from '../../src/engine/stats';
import { pageModule } from '../bench/page-module';
import { ensureLibrary } from '../build/ensure-library.mjs';
import { serve } from '../serve/static-server.mjs';
import { describeAdapter } from './adapter';
import type { EvalAnswer, EvalEngine } from './evaluate';

/** What kept a model from loading, as the page tells it. */
class LoadError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Loads a model in a page of its own, from a server on this machine.
 * @param location folder or URL
 * @throws Error with the code and message of the engine's
 */
export async function openBrowserEngine(
  browser: Browser,
  location: string,
  kv: Readonly<Record<string, unknown>>,
): Promise<EvalEngine> {
  const isUrl = /^https?:\/\//.test(location);
  const site = await serve({
    mounts: [
      { prefix: '/dist/', folder: ensureLibrary() },
      { prefix: '/eval/', folder: import.meta.dirname },
      ...(isUrl ? [] : [{ prefix: '/model/', folder: location }]),
    ],
    pages: { '/': '<!doctype html><title>eval</title>' },
  });
  const page = await browser.newPage();
  const close = async () => {
    await page.close();
    await site.close();
  };
  page.on('console', (message) => {
    if (message.type() === 'warning') console.error(message.text().split('\n', 1)[0]);
  });
  try {
    await page.goto(site.origin);
    const call = pageModule(page, '/eval/page.mjs');
    const refused = await call<{ code: string; message: string } | undefined>(
      'load',
      isUrl ? location : '/model/',
      { kv },
    );
    if (refused) throw new LoadError(refused.code, refused.message);
    return {
      answer: (request) => call<EvalAnswer>('answer', request),
      stats: async () => describeAdapter(await call<EngineStats>('stats')),
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
