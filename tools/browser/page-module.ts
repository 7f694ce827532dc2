/** Calls the exports of a module in a page as if they were here. */
import type { Page } from 'playwright';

/** A function that calls one export of the module at `url`, with arguments and a result that JSON can carry. */
export function pageModule(page: Page, url: string): <R>(name: string, ...args: unknown[]) => Promise<R> {
  return async <R>(name: string, ...args: unknown[]) =>
    (await page.evaluate(
      async (call) => {
        const module = (await import(call.url)) as Record<string, (...values: unknown[]) => unknown>;
        return module[call.name]!(...call.args);
      },
      { url, name, args },
    )) as R;
}
