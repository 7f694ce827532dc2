/** One schema of the suite: followed by random answers that Ajv checks, or refused by name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answerConstraint } from '../../src/grammar/answer-constraint';
import { Tokenizer } from '../../src/tokenizer/tokenizer';
import { EngineError } from '../../src/util/errors';
import { randomSource } from '../util/random';
import type { SuiteOptions } from './options';
import { validatorOf, type SuiteSchema } from './suite';
import { walk, type WalkTokens } from './walk';

const scout = join(import.meta.dirname, '../../public/models/scout');

/** What became of one schema. */
export interface Outcome {
  readonly name: string;
  /** Keyword or reason by which it was refused. */
  readonly refused?: string;
  readonly ended: number;
  readonly unended: number;
  readonly slowestMs: number;
  /** Answers that Ajv does not allow, and errors that are no refusals. */
  readonly faults: readonly string[];
}

/** Scout's vocabulary. */
export function readTokens(): WalkTokens & { readonly tokenizer: Tokenizer; readonly vocabSize: number } {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(scout, name), 'utf8'));
  const tokenizer = Tokenizer.fromJson(read('tokenizer.json'), read('tokenizer_config.json'));
  const { vocab_size: vocabSize, eos_token_id: eos } = read('config.json') as {
    vocab_size: number;
    eos_token_id: number | number[];
  };
  const bytes = Array.from({ length: vocabSize }, (_, id) => tokenizer.tokenBytes(id));
  return { tokenizer, vocabSize, bytes, eosIds: [eos].flat() };
}

/** Never rejects. */
export async function checkSchema(
  suiteSchema: SuiteSchema,
  tokens: ReturnType<typeof readTokens>,
  { walks, steps, seed }: Pick<SuiteOptions, 'walks' | 'steps' | 'seed'>,
): Promise<Outcome> {
  const { name, schema } = suiteSchema;
  const faults: string[] = [];
  let [ended, unended, slowestMs] = [0, 0, 0];
  try {
    const startedAt = performance.now();
    const grammar = await answerConstraint(
      { kind: 'json-schema', schema: JSON.stringify(schema), field: 'schema' },
      { ...tokens, marks: [], numPrefixSpaces: 0 },
    );
    slowestMs = performance.now() - startedAt;
    const isValid = validatorOf(suiteSchema);
    const next = randomSource(seed);
    for (let i = 0; i < walks; i++) {
      const { text, slowestMs: ofWalk } = walk(grammar, tokens, steps, next);
      slowestMs = Math.max(slowestMs, ofWalk);
      if (text === undefined) unended++;
      else {
        ended++;
        if (!isValid(JSON.parse(text))) faults.push(`not allowed: ${text.slice(0, 200)}`);
      }
    }
  } catch (error) {
    if (error instanceof EngineError && error.code === 'unsupported') {
      const keyword = /of "([^"]+)", /.exec(error.message)?.[1] ?? error.message;
      return { name, refused: keyword, ended, unended, slowestMs, faults };
    }
    faults.push(String(error));
  }
  return { name, ended, unended, slowestMs, faults };
}
