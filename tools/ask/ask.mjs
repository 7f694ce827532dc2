/**
 * `npm run ask`: does the main job from a terminal. Drives the built library in headless Chromium, streams the answer to
 * stdout or prints one JSON object. Exit code 0: answered, or nobody reads on; 2: called wrongly, or a model that cannot
 * be used; 1: the rest.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from '../browser/launch.mjs';
import { ensureLibrary } from '../build/ensure-library.mjs';
import { serve } from '../serve/static-server.mjs';
import { readTextFile } from '../command-line/files.mjs';
import { UsageError, isUsageCode } from '../command-line/usage-error.mjs';
import { parseOptions, usage } from './options.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const embeddedModel = join(root, 'public/models/scout');

/** What is no file here may be a name on the hub, as `Engine.load` takes it. */
const hubName = /^[\w.-]*\w[\w.-]*\/[\w.-]+(?::\w+)?(?:@[\w./-]+)?$/;

/** Where the page finds the model, and the folder to serve there when it is a local one. */
function locateModel(model = embeddedModel) {
  if (/^https?:\/\//.test(model)) return { url: model, mounts: [] };
  if (!existsSync(model) && hubName.test(model)) return { url: model, mounts: [] };
  if (!existsSync(model)) throw new UsageError(`The model '${model}' does not exist.`);
  if (model.endsWith('.gguf') && statSync(model).isFile()) {
    const url = `/model/${encodeURIComponent(basename(model))}`;
    return { url, mounts: [{ prefix: '/model/', folder: dirname(resolve(model)) }] };
  }
  if (!statSync(model).isDirectory()) {
    throw new UsageError(`'${model}' is no model: a folder in Hugging Face layout, or a GGUF file, is one.`);
  }
  if (!existsSync(join(model, 'config.json'))) {
    throw new UsageError(`'${model}' is no model folder: it has no config.json.`);
  }
  return { url: '/model/', mounts: [{ prefix: '/model/', folder: model }] };
}

function readDocument(path) {
  if (path === undefined) return undefined;
  const text = readTextFile(path, 'document');
  if (text.trim() === '') throw new UsageError(`The document '${path}' is empty.`);
  return text;
}

/** Resolves when whoever reads stdout is gone, as `head` is after its lines: nobody wants the rest. */
const readerLeft = new Promise((resolve) => {
  process.stdout.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
    resolve({});
  });
});

/** Opens a blank page that can import the library, and runs the request there, as long as somebody reads what comes. */
async function answer(options, onText) {
  const { url, mounts } = locateModel(options.model);
  const document = readDocument(options.doc);
  const server = await serve({
    mounts: [
      { prefix: '/dist/', folder: ensureLibrary() },
      { prefix: '/ask/', folder: join(root, 'tools/ask') },
      ...mounts,
    ],
    pages: { '/': '<!doctype html><title>ask</title>' },
  });
  const browser = await launchBrowser({ adapter: 'system' });
  try {
    const page = await browser.newPage();
    await page.exposeFunction('longpageText', onText);
    await page.goto(server.origin);
    const request = { ...options, modelUrl: url, document };
    const run = page.evaluate(async (given) => (await import('/ask/page.mjs')).run(given), request);
    return await Promise.race([run, readerLeft]);
  } finally {
    await browser.close();
    await server.close();
  }
}

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    console.log(usage);
    return;
  }
  const onText = options.isJson ? () => undefined : (text) => process.stdout.write(text);
  const { error, report } = await answer(options, onText);
  if (error) {
    process.exitCode = isUsageCode(error.code) ? 2 : 1;
    console.error(error.message);
  } else {
    process.stdout.write(options.isJson ? `${JSON.stringify(report)}\n` : '\n');
  }
}

main().catch((error) => {
  process.exitCode = error instanceof UsageError ? 2 : 1;
  console.error(error instanceof UsageError ? error.message : (error.stack ?? String(error)));
});
