/** What a model folder's text files add to its configuration: the tokens that end an answer. */
import { describe, expect, test } from 'vitest';
import { readModelConfig } from '../../../src/config/read-model-config';
import { withEndIds } from '../../../src/config/model-config';
import { readTextFiles } from '../../../src/prompt/text-files';
import { folderSource } from '../../../tools/tiny-models/folder-source';
import { architectureModel } from '../../../tools/tiny-models/models';
import { tinyVocabulary } from '../../../tools/tiny-models/tiny-tokenizer';
import { readShared, sharedCheck } from '../tokenizer/shared-tokenizers';
import { addedToken, byteLevelJson } from '../tokenizer/small-tokenizers';

const { eosId, chatEndId, tokens } = tinyVocabulary;
const folder = architectureModel('llama');

/** `eosIds` of the engine for the small Llama with some of its files replaced; undefined: left out. */
async function eosIds(changes: Record<string, unknown>): Promise<readonly number[]> {
  const files = new Map(folder.files);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) files.delete(name);
    else files.set(name, new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)));
  }
  const source = folderSource({ ...folder, files });
  const [config, { endIds }] = await Promise.all([readModelConfig(source), readTextFiles(source)]);
  return withEndIds(config, endIds).eosIds;
}

const config = JSON.parse(new TextDecoder().decode(folder.files.get('config.json'))) as Record<
  string,
  unknown
>;
const silent = { 'config.json': { ...config, eos_token_id: null }, 'generation_config.json': undefined };
const plainTemplate = "{{ messages[0]['content'] }}";

describe('tokens that end an answer', () => {
  test.each([
    ['a string', '</s>'],
    ['an object', { content: '</s>', special: true }],
  ])("the tokenizer's eos_token, where no configuration names it: %s", async (_, eos_token) => {
    const files = { 'tokenizer_config.json': { eos_token }, 'chat_template.jinja': plainTemplate };
    expect(await eosIds({ ...silent, ...files })).toEqual([eosId]);
    expect(
      await eosIds({
        ...files,
        'generation_config.json': { eos_token_id: 7 },
        'config.json': { ...config, eos_token_id: 9 },
      }),
    ).toEqual([7, 9, eosId]);
  });

  test('the end of a turn, where the template writes it and the vocabulary has it', async () => {
    const files = { ...silent, 'tokenizer_config.json': {} };
    expect(await eosIds(files)).toEqual([chatEndId]);
    expect(await eosIds({ ...files, 'chat_template.jinja': plainTemplate })).toEqual([]);
    expect(await eosIds({ ...files, 'chat_template.jinja': `${plainTemplate}<end_of_turn>` })).toEqual([]);
  });

  test('no id beyond the rows of the embedding', async () => {
    const small = { ...config, vocab_size: chatEndId, eos_token_id: null };
    expect(tokens.length).toBeGreaterThan(chatEndId);
    expect(await eosIds({ ...silent, 'config.json': small, 'tokenizer_config.json': {} })).toEqual([]);
  });

  const cases = ['e01-tokenizer-eos-not-in-config', 'e03-no-eos-in-configs'];
  const expected = readShared('cases/eos/expected.json');
  test.runIf(expected)(
    sharedCheck('the cases of configurations that do not name it', !!expected),
    async () => {
      for (const name of cases) {
        const [configText, text] = ['config', 'tokenizer_config'].map((file) =>
          readShared(`cases/eos/${name}/${file}.json`),
        ) as [string, string];
        const tokenizerConfig = JSON.parse(text) as {
          eos_token: string;
          added_tokens_decoder: Record<string, { content: string }>;
        };
        const json = byteLevelJson(['Ġ f', 'Ġf e', 'Ġfe e']);
        const added = Object.entries(tokenizerConfig.added_tokens_decoder);
        json['added_tokens'] = added.map(([id, { content }]) => addedToken(Number(id), content));
        const ids = await eosIds({
          'config.json': configText,
          'generation_config.json': undefined,
          'tokenizer.json': json,
          'tokenizer_config.json': text,
          'chat_template.jinja': undefined,
        });
        const { vocab } = json['model'] as { vocab: Record<string, number> };
        expect(ids, name).toContain(vocab[tokenizerConfig.eos_token]);
        // What ChatML ends a turn with, which both templates write.
        expect(ids, name).toContain(998);
      }
    },
  );
});
