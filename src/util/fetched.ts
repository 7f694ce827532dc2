/** Parts of the library that not every page needs: scripts of their own, fetched when they are first used. */
import { EngineError } from './errors';

/**
 * What `import()` brings.
 * @throws EngineError `network` when the part cannot be fetched. Browsers remember that as long as the worker lives, so what may
 * be needed without a network is fetched at load.
 */
export async function fetched<T>(part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch (cause) {
    throw new EngineError(
      'network',
      'A part of the library could not be fetched. Load the engine again when there is a network.',
      { cause },
    );
  }
}
