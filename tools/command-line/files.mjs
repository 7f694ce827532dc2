/** Files that a command line names: what is wrong with them is said before any work, in one line. Without a build step, for `ask`. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { TextDecoder } from 'node:util';
import { UsageError } from './usage-error.mjs';

/**
 * The text of a file.
 * @param {string} path
 * @param {string} [what] the file in the message
 * @throws {UsageError} when it cannot be read, or is no text in UTF-8
 */
export function readTextFile(path, what = 'file') {
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new UsageError(`The ${what} '${path}' cannot be read (${codeOf(cause)}).`, { cause });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UsageError(`The ${what} '${path}' is no text in UTF-8.`, { cause });
  }
}

/**
 * Makes sure that a file can be written in the end, and leaves it as it is; folders on its path are made.
 * @param {string} path
 * @throws {UsageError}
 */
export function checkOutput(path) {
  const file = resolve(path);
  try {
    mkdirSync(dirname(file), { recursive: true });
    if (existsSync(file)) {
      if (statSync(file).isDirectory())
        throw Object.assign(new Error('a folder'), { code: 'it is a folder' });
      accessSync(file, constants.W_OK);
      return;
    }
    // Rights alone do not tell: a disk may be full, a mount read-only.
    writeFileSync(file, '');
    rmSync(file);
  } catch (cause) {
    throw new UsageError(`'${path}' cannot be written (${codeOf(cause)}).`, { cause });
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code ?? 'unknown reason';
}
