import { describe, expect, it } from 'vitest';
import { directorySource, fileListSource } from '../../../src/source/file-source';
import { openModelSource } from '../../../src/source/open-model-source';
import { tinyGguf } from '../../../tools/tiny-models/gguf-files';

/** A picked file; `path` as `<input webkitdirectory>` gives it. */
function fileOf(path: string, content: BlobPart, isFolder = true): File {
  const file = new File([content], path.split('/').at(-1)!);
  Object.defineProperty(file, 'webkitRelativePath', { value: isFolder ? path : '' });
  return file;
}

/** The part of a directory handle that is needed. */
function directoryOf(files: readonly File[]): FileSystemDirectoryHandle {
  const entries = files.map((file) => [file.name, { kind: 'file', getFile: () => Promise.resolve(file) }]);
  return {
    kind: 'directory',
    name: 'model',
    async *entries() {
      yield* [...entries, ['sub', { kind: 'directory' }]];
    },
  } as unknown as FileSystemDirectoryHandle;
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream as BodyInit).text();
}

const files = [fileOf('m/config.json', '{}'), fileOf('m/model.safetensors', 'weights')];

describe('fileListSource', () => {
  it('reads the files of a picked folder', async () => {
    const source = await fileListSource(files);
    expect(await source.readText('config.json')).toBe('{}');
    expect(await source.readText('generation_config.json')).toBeUndefined();
    expect(await source.open('nothing')).toBeUndefined();
    const whole = (await source.open('model.safetensors'))!;
    expect(whole.sizeBytes).toBe(7);
    expect(await readAll(whole.stream)).toBe('weights');
    expect(await readAll((await source.open('model.safetensors', { offsetBytes: 4 }))!.stream)).toBe('hts');
  });

  it('takes the folder of the uppermost config.json', async () => {
    const source = await fileListSource([fileOf('m/onnx/config.json', '{"inner":1}'), ...files]);
    expect(await source.readText('config.json')).toBe('{}');
  });

  it('takes how an embedding model pools from the folder within, which changes no id', async () => {
    const pooling = fileOf('m/1_Pooling/config.json', '{"pooling_mode":"mean"}');
    const inner = { kind: 'directory', name: '1_Pooling', entries: () => directoryOf([pooling]).entries() };
    const directory = directoryOf(files);
    const outer = {
      kind: 'directory',
      name: 'model',
      async *entries() {
        yield* directory.entries();
        yield ['1_Pooling', inner];
      },
    } as unknown as FileSystemDirectoryHandle;
    const { id } = await fileListSource(files);
    for (const source of [await fileListSource([pooling, ...files]), await directorySource(outer)]) {
      expect(await source.readText('1_Pooling/config.json')).toBe('{"pooling_mode":"mean"}');
      expect(await source.readText('config.json')).toBe('{}');
      expect(source.id).toBe(id);
    }
    expect(await (await fileListSource(files)).readText('1_Pooling/config.json')).toBeUndefined();
  });

  it('takes files that were picked one by one, but not two of one name', async () => {
    const source = await fileListSource([
      fileOf('config.json', '1', false),
      fileOf('a.safetensors', '2', false),
    ]);
    expect(await source.readText('config.json')).toBe('1');
    await expect(
      fileListSource([fileOf('a.json', '1', false), fileOf('a.json', '2', false)]),
    ).rejects.toThrow(TypeError);
  });

  it('says which file cannot be read any more', async () => {
    const broken = fileOf('m/vocab.txt', '');
    broken.text = () => Promise.reject(new DOMException('gone', 'NotReadableError'));
    broken.slice = () =>
      ({ stream: () => new ReadableStream({ pull: (c) => c.error(new Error('gone')) }) }) as Blob;
    const source = await fileListSource([broken, ...files]);
    const refusal = { code: 'weights-corrupt', message: expect.stringContaining('vocab.txt') as string };
    await expect(source.readText('vocab.txt')).rejects.toMatchObject(refusal);
    await expect((await source.open('vocab.txt'))!.stream.getReader().read()).rejects.toMatchObject(refusal);
  });

  it('does not begin once aborted', async () => {
    const source = await fileListSource(files);
    const signal = AbortSignal.abort('enough');
    await expect(source.readText('config.json', signal)).rejects.toBe('enough');
    await expect(source.open('config.json', { signal })).rejects.toBe('enough');
  });
});

describe('the id of local files', () => {
  const idOf = async (...list: File[]) => (await fileListSource(list)).id;
  const big = (change: number, at: number) => {
    const bytes = new Uint8Array(600_000);
    bytes[at] = change;
    return fileOf('m/model.safetensors', bytes);
  };

  it('is the same for the same files, in any order, picked or as a directory, whatever lies beside them', async () => {
    const id = await idOf(...files);
    expect(id).toMatch(/^files:[0-9a-f]{32}$/);
    expect(await idOf(...[...files].reverse())).toBe(id);
    expect(await idOf(...files, fileOf('m/README.md', 'x'))).toBe(id);
    expect((await directorySource(directoryOf(files))).id).toBe(id);
  });

  it('differs by name, size, and bytes at the start and at the end', async () => {
    const ids = [
      await idOf(...files),
      await idOf(files[0]!, fileOf('m/other.safetensors', 'weights')),
      await idOf(files[0]!, fileOf('m/model.safetensors', 'weights!')),
      await idOf(files[0]!, fileOf('m/model.safetensors', 'Weights')),
      await idOf(big(1, 0)),
      await idOf(big(2, 0)),
      await idOf(big(1, 599_999)),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('openModelSource', () => {
  it('tells the kinds of location apart', async () => {
    expect((await openModelSource('https://a.example/m')).id).toBe('https://a.example/m/');
    expect((await openModelSource(files)).id).toMatch(/^files:/);
    expect((await openModelSource(directoryOf(files))).id).toMatch(/^files:/);
    const { gguf } = await openModelSource(new Blob([tinyGguf()]));
    expect(gguf!.files.map(({ name }) => name)).toEqual(['model.gguf']);
    await expect(openModelSource({} as File[])).rejects.toThrow(TypeError);
    await expect(openModelSource(['config.json'] as unknown as File[])).rejects.toThrow(TypeError);
    for (const location of ['models/m', 'data:,m', 'blob:m', 5, null, undefined]) {
      await expect(openModelSource(location as string)).rejects.toThrow(/^A model/);
    }
  });

  it('reads a directory', async () => {
    const source = await directorySource(directoryOf(files));
    expect(await source.readText('config.json')).toBe('{}');
    expect(await readAll((await source.open('model.safetensors'))!.stream)).toBe('weights');
  });
});
