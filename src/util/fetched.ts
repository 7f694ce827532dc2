/** Parts of the library that not every page needs: scripts of their own, fetched when they are first used. */
import { EngineError } from './errors';

/**
 * What `import()` brings. Call both anew for another attempt: a failure is not remembered here, nor by Chromium.
 * @throws EngineError `network` when the part cannot be fetched
 */
export async function fetched<T>(part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch (cause) {
    throw new EngineError(
      'network',
      'A part of the library could not be fetched. Try again when there is a network.',
      { cause },
    );
  }
}
