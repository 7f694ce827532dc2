/** The built library cuts real tokenizers' texts as they should be: its minifier has changed nothing. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChatMessage } from '../../src/tokenizer/chat-message';
import { ChatTemplate } from '../../src/tokenizer/chat-template';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { serve } from '../../tools/serve/static-server.mjs';
import { makeWeights, type HfConfig } from '../../tools/tiny-models/model-weights';
import { writeSafetensors } from '../../tools/tiny-models/safetensors';
import {
  readShared,
  sharedCheck,
  sharedConfig,
  sharedTokenizer,
  sharedVectors,
  type SharedTokenizerName,
} from '../unit/tokenizer/shared-tokenizers';

const root = join(import.meta.dirname, '../..');
/** A page that can be asked how many tokens texts and a chat have. */
const page = `<!doctype html><script type="module">
  import { Engine } from '/dist/index.js';
  globalThis.countTokens = async (prompts, messages) => {
    const engine = await Engine.load('/model/', { kv: { contextTokens: 2048, numSequences: 1 } });
    const texts = [];
    for (const prompt of prompts) {
      const { usage } = await engine.completions.create({ prompt, max_tokens: 1 });
      texts.push(usage.prompt_tokens);
    }
    const { usage } = await engine.chat.completions.create({ messages, max_tokens: 1 });
    await engine.dispose();
    return { texts, chat: usage.prompt_tokens };
  };
</script>`;

const chat: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hello?' },
  { role: 'assistant', content: 'Hi!' },
  { role: 'user', content: 'What is 2 + 2?' },
];

const files = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'];

let folder: string;
let server: Awaited<ReturnType<typeof serve>>;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longpage-tokenizers-'));
  server = await serve({
    mounts: [
      { prefix: '/dist/', folder: join(root, 'dist') },
      { prefix: '/model/', folder },
    ],
    pages: { '/': page },
  });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

/** A model of one narrow layer with that tokenizer, in `folder`. */
function writeModel(name: SharedTokenizerName): void {
  for (const file of files) {
    const text =
      readShared(`tokenizers/${name}/${file}`) ?? (file === 'tokenizer_config.json' ? '{}' : undefined);
    if (text === undefined) rmSync(join(folder, file), { force: true });
    else writeFileSync(join(folder, file), text);
  }
  const { model, added_tokens: added } = JSON.parse(readShared(`tokenizers/${name}/tokenizer.json`)!) as {
    model: { vocab: Record<string, number> };
    added_tokens: { id: number }[];
  };
  const ids = [...Object.values(model.vocab), ...added.map(({ id }) => id)];
  const config: HfConfig = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: 1 + ids.reduce((most, id) => Math.max(most, id)),
    hidden_size: 32,
    intermediate_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 2,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: true,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'model.safetensors'), writeSafetensors(makeWeights(config, name, 'F16'), 'F16'));
}

/** Tokens that the built library finds in each of the texts, and in `chat`. */
async function countTokens(texts: readonly string[]): Promise<{ texts: number[]; chat: number }> {
  const page = await browser.newPage();
  try {
    await page.goto(server.origin);
    return await page.evaluate(`countTokens(${JSON.stringify(texts)}, ${JSON.stringify(chat)})`);
  } finally {
    await page.close();
  }
}

test.each<SharedTokenizerName>(['smollm', 'qwen3', 'phi-3-mini'])('%s', async (name) => {
  const vectors = sharedVectors(name);
  if (!vectors) return void sharedCheck(`texts of ${name} by the built library`, false);
  writeModel(name);
  const texts = vectors.filter(({ text }) => text !== '');
  const counts = await countTokens(texts.map(({ text }) => text));
  expect(counts.texts).toEqual(texts.map(({ ids, hf_ids: hfIds = ids }) => hfIds.length));
  const template = ChatTemplate.fromFiles(
    readShared(`tokenizers/${name}/chat_template.jinja`),
    sharedConfig(name) ?? {},
  );
  const ids = sharedTokenizer(name)!.encode(template.render({ messages: chat }).rest, {
    addSpecialTokens: false,
  });
  expect(counts.chat).toBe(ids.length);
});
