/** Models by name: which texts are names, and where the files come from. The hub is a double of `fetch`. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isHubName } from '../../../src/source/hub-name';
import { hubSource } from '../../../src/source/hub/hub-source';
import type { ModelStore, StoredModel } from '../../../src/source/hub/model-store';
import { openModelSource } from '../../../src/source/open-model-source';
import { EngineError } from '../../../src/util/errors';
import { tinyGguf } from '../../../tools/tiny-models/gguf-files';

const hubUrl = 'https://hub.example';

test.each([
  'owner/name',
  'owner/name:Q4_K_M',
  'owner/name@v1.0',
  'owner/na.me:Q8_0@refs/pr/1',
  'https://huggingface.co/owner/name',
  'https://huggingface.co/owner/name/tree/main',
])('%j names a model of the hub', (text) => expect(isHubName(text)).toBe(true));

test.each([
  'models/scout/',
  '/models/scout/',
  './models/scout',
  '../scout',
  'models/..',
  'name',
  'a/b/c',
  'models/m.gguf',
  'https://example.com/owner/name',
  'https://huggingface.co.example.com/owner/name',
  'https://huggingface.co/owner/name/resolve/main/m-Q4_0.gguf',
  'https://huggingface.co/owner/name/resolve/main/',
  'javascript:a/b',
  '',
])('%j is an address, of whatever', (text) => expect(isHubName(text)).toBe(false));

test('a mirror has pages of its own', () => {
  expect(isHubName('https://mirror.example/hub/owner/name', 'https://mirror.example/hub')).toBe(true);
  expect(isHubName('https://mirror.example/owner/name', 'https://mirror.example/hub')).toBe(false);
});

const commit = 'c'.repeat(40);
const fixture = new URL('../../fixtures/models/tiny-llama/', import.meta.url);
const folder = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];

/** Answers as a hub of one repository; `elsewhere` is where files are said to come from. */
function answerAsHub(files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>, elsewhere?: string): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (input: string | URL) => {
    const url = String(input);
    asked.push(url);
    const respond = (body: BodyInit | null, status = 200, from = url) =>
      Object.defineProperty(new Response(body, { status }), 'url', { value: from });
    if (url.startsWith(`${hubUrl}/api/models/owner/tiny/revision/`)) {
      const siblings = Object.entries(files).map(([rfilename, { length: size }]) => ({ rfilename, size }));
      return respond(JSON.stringify({ sha: commit, siblings }));
    }
    const name = decodeURIComponent(url.slice(`${hubUrl}/owner/tiny/resolve/${commit}/`.length));
    return files[name] ? respond(files[name], 200, elsewhere ?? url) : respond(null, 404);
  });
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, fixture)));
const tinyFolder = Object.fromEntries(folder.map((name) => [name, bytesOf(name)]));

describe('where nothing can be kept', () => {
  test('a repository is read from the hub, at the commit that its revision means', async () => {
    const asked = answerAsHub(tinyFolder);
    const source = await openModelSource({ hubName: 'owner/tiny@v2', hubUrl });
    expect(asked).toEqual([`${hubUrl}/api/models/owner/tiny/revision/v2?blobs=true`]);
    expect(source.id).toBe(`${hubUrl}/owner/tiny/resolve/${commit}/`);
    expect(JSON.parse((await source.readText('config.json'))!)).toMatchObject({ model_type: 'llama' });
    expect(await source.readText('chat_template.jinja')).toBeUndefined();
  });

  test('of GGUF files the one that is asked for is', async () => {
    const file = tinyGguf();
    answerAsHub({ 'tiny-Q8_0.gguf': file, 'tiny-Q4_K_M.gguf': file });
    const source = await openModelSource({ hubName: 'owner/tiny:Q4_K_M', hubUrl });
    expect(source.gguf!.files.map(({ name }) => name)).toEqual(['tiny-Q4_K_M.gguf']);
    await expect(openModelSource({ hubName: 'owner/tiny:Q2_K', hubUrl })).rejects.toMatchObject({
      code: 'model-unsupported',
      message: 'owner/tiny has no GGUF file of Q2_K.',
    });
  });

  test('files that come from a less safe address are not taken', async () => {
    answerAsHub(tinyFolder, 'http://store.example/config.json');
    const source = await openModelSource({ hubName: 'owner/tiny', hubUrl });
    await expect(source.readText('config.json')).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('store.example'),
    });
  });
});

describe('what is kept', () => {
  const kept = (changes: Partial<StoredModel>): StoredModel => ({
    id: 'id',
    repository: 'owner/tiny',
    revision: 'main',
    commit,
    storedAt: 1,
    storedBytes: 1,
    totalBytes: 1,
    weightBytes: 1,
    isComplete: true,
    ...changes,
  });

  /** A store that has these models; what it holds is the fixture. */
  function storeOf(
    models: readonly StoredModel[],
    download: () => Promise<StoredModel> = async () => models[0]!,
  ) {
    const held: string[] = [];
    const files = folder.map((name) => new File([bytesOf(name)], name));
    const directory = {
      kind: 'directory',
      name: 'id',
      async *entries() {
        for (const file of files) yield [file.name, { kind: 'file', getFile: async () => file }];
      },
    } as unknown as FileSystemDirectoryHandle;
    const store: Partial<ModelStore> = {
      list: async () => [...models],
      download,
      hold: async (id: string) => {
        held.push(id);
        return { directory, release: () => undefined };
      },
    };
    return { store: store as ModelStore, held };
  }

  const offline = () => vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));

  test('is taken without a question where a commit is named', async () => {
    const { store, held } = storeOf([kept({ id: 'pinned' })]);
    const asked = answerAsHub({});
    const source = await hubSource({ hubName: `owner/tiny@${commit}`, hubUrl }, { store });
    expect(held).toEqual(['pinned']);
    expect(asked).toEqual([]);
    expect(await source.readText('config.json')).toContain('llama');
  });

  test('is taken without a network: the latest of the same name, and whole', async () => {
    offline();
    const { store, held } = storeOf([
      kept({ id: 'older' }),
      kept({ id: 'newer', storedAt: 2 }),
      kept({ id: 'torn', storedAt: 3, isComplete: false }),
      kept({ id: 'branch', storedAt: 4, revision: 'next' }),
      kept({ id: 'other', storedAt: 5, quantization: 'Q4_0' }),
    ]);
    await hubSource({ hubName: 'owner/tiny', hubUrl }, { store });
    expect(held).toEqual(['newer']);
    await expect(hubSource({ hubName: 'owner/tiny@v3', hubUrl }, { store })).rejects.toMatchObject({
      code: 'network',
    });
  });

  test('may be nothing where the disk has no room: then the hub is read from, and that is said', async () => {
    answerAsHub(tinyFolder);
    const full = () => Promise.reject(new EngineError('storage-quota', 'The disk is full.'));
    const { store, held } = storeOf([], full);
    const onWarning = vi.fn();
    const source = await hubSource({ hubName: 'owner/tiny', hubUrl }, { store, onWarning });
    expect(onWarning).toHaveBeenCalledExactlyOnceWith(
      'owner/tiny is not kept in this browser. The disk is full.',
    );
    expect(held).toEqual([]);
    expect(source.id).toContain(commit);
  });
});
