/** From the options to the documents: the model's tokenizer, the facts, the books, and what of the plan the model can read. */
import { join } from 'node:path';
import { openModel } from '../node/open-model';
import type { ModelSource } from '../../src/source/model-source';
import { readModelConfig } from '../../src/config/read-model-config';
import { readTextFiles } from '../../src/prompt/text-files';
import type { Tokenizer } from '../../src/tokenizer/tokenizer';
import type { CountTokens } from './arrange';
import { buildDocument } from './documents';
import { readFacts } from './facts';
import { readBooks } from './haystack';
import { UsageError } from '../command-line/options';
import type { EvalOptions } from './options';
import { choosePlan, type EvalPlan } from './plan';
import type { EvalDocument } from './task';

/** What a run starts from. */
export interface Preparation {
  /** Folder, GGUF file or URL of the model. */
  readonly location: string;
  readonly source: ModelSource;
  readonly plan: EvalPlan;
  readonly documents: readonly EvalDocument[];
  readonly countTokens: CountTokens;
  readonly haystack: string;
  readonly notes: readonly string[];
}

/**
 * Prepares a run. Files of the repository are looked for from `root` on.
 * @throws UsageError when there is no such model; EngineError when its files cannot be read
 */
export async function prepare(options: EvalOptions, root: string): Promise<Preparation> {
  const location = options.model ?? join(root, 'public/models/scout');
  const source = await openModel(location);
  const countTokens = tokenCounter((await readTextFiles(source)).tokenizer);
  const { maxContext } = await readModelConfig(source);
  const plan = choosePlan(options.plan);
  const readable = plan.documents.filter(({ lengthTokens }) => lengthTokens <= maxContext);
  if (readable.length === 0)
    throw new UsageError(`The model's context is ${maxContext} tokens: no document fits.`);
  const books = readBooks(join(root, '../shared/texts'));
  const facts = readFacts(join(root, 'tools/eval/data/facts.jsonl'));
  const { split, seed } = options;
  return {
    location,
    source,
    plan: { ...plan, documents: readable },
    documents: readable.map((wish) => buildDocument({ facts, split, books, countTokens, seed }, wish)),
    countTokens,
    haystack: books.length > 0 ? 'public-domain books as haystack' : 'generated haystack',
    notes:
      readable.length < plan.documents.length
        ? [`Documents beyond the model's context of ${maxContext} tokens were left out.`]
        : [],
  };
}

/** Counts tokens without special ones; short texts, which come again and again, once. */
function tokenCounter(tokenizer: Tokenizer): CountTokens {
  const known = new Map<string, number>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const count = tokenizer.encode(text, { addSpecialTokens: false }).length;
    known.set(text, count);
    return count;
  };
}
