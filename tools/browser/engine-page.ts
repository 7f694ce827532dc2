/** The built library with one model in a page of headless Chromium, as commands drive it. */
import { basename, dirname, resolve } from 'node:path';
import type { Browser } from 'playwright';
import type {
  ChatCompletion,
  ChatCompletionRequest,
  Completion,
  CompletionRequest,
  EngineStats,
  HeadProfile,
} from '../../src/index';
import { ensureLibrary } from '../build/ensure-library.mjs';
import { serve } from '../serve/static-server.mjs';
import { pageModule } from './page-module';

/** What kept a model from loading, as the page tells it. */
class LoadError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** An engine in a page. What it throws comes out as an Error with the message of the engine's. */
interface EnginePage {
  chat(request: ChatCompletionRequest): Promise<ChatCompletion>;
  complete(request: CompletionRequest): Promise<Completion>;
  stats(): Promise<EngineStats>;
  headProfile(): Promise<HeadProfile | undefined>;
  /** Whether the page's adapter is a program on the CPU. */
  isSoftware(): Promise<boolean>;
  /** Disposes of the engine and closes the page. */
  dispose(): Promise<void>;
}

/**
 * Loads a model in a page of its own, from a server on this machine. The engine's warnings go to stderr.
 * @param location folder, GGUF file or URL
 * @param options of `Engine.load`, as far as JSON carries them
 * @throws LoadError
 */
export async function openEnginePage(
  browser: Browser,
  location: string,
  options: object,
): Promise<EnginePage> {
  const isUrl = /^https?:\/\//.test(location);
  const isFile = location.endsWith('.gguf');
  const folder = isFile ? dirname(resolve(location)) : location;
  const local = isFile ? `/model/${encodeURIComponent(basename(location))}` : '/model/';
  const site = await serve({
    mounts: [
      { prefix: '/dist/', folder: ensureLibrary() },
      { prefix: '/page/', folder: import.meta.dirname },
      ...(isUrl ? [] : [{ prefix: '/model/', folder }]),
    ],
    pages: { '/': '<!doctype html><title>Longpage</title>' },
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
    const call = pageModule(page, '/page/engine-page.mjs');
    const refused = await call<{ code: string; message: string } | undefined>(
      'load',
      isUrl ? location : local,
      options,
    );
    if (refused) throw new LoadError(refused.code, refused.message);
    return {
      chat: (request) => call('chat', request),
      complete: (request) => call('complete', request),
      stats: () => call('stats'),
      // A page gives null for undefined.
      headProfile: async () => (await call<HeadProfile | null>('headProfile')) ?? undefined,
      isSoftware: () => call('isSoftware'),
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
