/**
 * What a tokenizer does to a text before its model: normalizers and pre-tokenizers, one stage after the other, each within bounds.
 * `Split` and `Replace` are ours, after Hugging Face's (`pre_tokenizers/split.rs`, `normalizers/replace.rs` and `NormalizedString::split`
 * of github.com/huggingface/tokenizers); the others are the package's.
 */
import { SequenceNormalizer, SequencePreTokenizer } from '@huggingface/tokenizers';
import { EngineError } from '../util/errors';
import { asObject, asString, type JsonObject } from '../util/json';
import { compilePattern, needsMatcher, type MatcherClass } from './pattern/pattern';
import { WorkLimits } from './pattern/work-limits';
import { splitText, type SplitBehavior } from './split-text';

/** What is known of a piece of text where it is cut into words. */
interface PieceOptions {
  readonly section_index?: number;
}

/** Text to text. */
export type NormalizeText = (text: string) => string;
/** Text to words. */
export type CutText = (text: string, options?: PieceOptions) => string[];

type Normalize = (text: string, limits: WorkLimits) => string;
type Cut = (words: string[], limits: WorkLimits, options: PieceOptions) => string[];

const maxStages = 64;
const maxDepth = 16;

/**
 * The stages of `normalizer` or `pre_tokenizer`, sequences within sequences in one list.
 * @param list The field with a sequence's stages.
 */
export function stagesOf(
  json: unknown,
  list: 'normalizers' | 'pretokenizers' | 'processors',
  depth = 0,
): JsonObject[] {
  if (json === null || json === undefined) return [];
  const stage = asObject(json);
  if (!stage || depth > maxDepth) throw new Error(`its ${list} are no list of stages`);
  if (stage.type !== 'Sequence') return [stage];
  const parts = stage[list];
  if (!Array.isArray(parts)) throw new Error(`its ${list} are no list of stages`);
  const stages = parts.flatMap((part: unknown) => stagesOf(part, list, depth + 1));
  if (stages.length > maxStages) throw new Error(`it has more than ${maxStages} ${list}`);
  return stages;
}

/** Whether a pattern of a tokenizer.json is none that the browser may run. */
export function hasUnknownPattern(json: JsonObject): boolean {
  try {
    const stages = [
      ...stagesOf(json.normalizer, 'normalizers'),
      ...stagesOf(json.pre_tokenizer, 'pretokenizers'),
    ];
    return stages.some(({ pattern }) => needsMatcher(pattern));
  } catch {
    // It is refused by name when it is compiled.
    return false;
  }
}

/** The normalizers as one; undefined where there is none. */
export function compileNormalizer(json: unknown, Matcher?: MatcherClass): NormalizeText | undefined {
  const stages = stagesOf(json, 'normalizers').map((stage) =>
    named(stage, 'normalizer', () => compileNormalizerStage(stage, Matcher)),
  );
  if (stages.length === 0) return undefined;
  return (text) => {
    const limits = new WorkLimits(text);
    return stages.reduce((result, { run }) => run((stage) => stage(result, limits)), text);
  };
}

/** The pre-tokenizers as one; undefined where there is none. */
export function compilePreTokenizer(json: unknown, Matcher?: MatcherClass): CutText | undefined {
  const stages = stagesOf(json, 'pretokenizers').map((stage) =>
    named(stage, 'pre_tokenizer', () => compilePreTokenizerStage(stage, Matcher)),
  );
  if (stages.length === 0) return undefined;
  return (text, options = {}) => {
    const limits = new WorkLimits(text);
    return stages.reduce(
      (words, { run }) =>
        run((stage) => {
          limits.check();
          const result = stage(words, limits, options);
          limits.spend(result.reduce((sum, word) => sum + word.length, 0));
          return result;
        }),
      [text],
    );
  };
}

/** A stage whose errors name it: those of compiling are the files', and so are those of its work. */
function named<T>(
  stage: JsonObject,
  kind: string,
  compile: () => T,
): { run: <R>(work: (stage: T) => R) => R } {
  const guarded = <R>(work: () => R): R => {
    try {
      return work();
    } catch (cause) {
      const pattern = stage.pattern === undefined ? '' : ` with the pattern ${shown(stage.pattern)}`;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new EngineError(
        'model-unsupported',
        `This model's tokenizer cannot be used: its ${kind} ${shown(stage.type)}${pattern} fails: ${reason}.`,
        { cause },
      );
    }
  };
  const compiled = guarded(compile);
  return { run: (work) => guarded(() => work(compiled)) };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function compileNormalizerStage(stage: JsonObject, Matcher: MatcherClass | undefined): Normalize {
  const limited = (normalize: NormalizeText, extra: number) => (text: string, limits: WorkLimits) => {
    limits.check();
    limits.spend(text.length + extra);
    return normalize(text);
  };
  if (stage.type === 'Replace') {
    const pattern = compilePattern(stage.pattern, Matcher);
    const content = asString(stage.content)!;
    return (text, limits) => {
      let result = '';
      let end = 0;
      for (const [from, to] of pattern.find(text, limits)) {
        limits.spend(result.length + from - end + content.length);
        result += text.slice(end, from) + content;
        end = to;
      }
      return result + text.slice(end);
    };
  }
  const [normalizer] = new SequenceNormalizer({ type: 'Sequence', normalizers: [stage as never] })
    .normalizers;
  return limited((text) => normalizer!.normalize(text), asString(stage.prepend)?.length ?? 0);
}

function compilePreTokenizerStage(stage: JsonObject, Matcher: MatcherClass | undefined): Cut {
  if (stage.type === 'Split') {
    const pattern = compilePattern(stage.pattern, Matcher);
    const behavior = stage.behavior as SplitBehavior;
    const isInverted = stage.invert === true;
    return (words, limits) =>
      words.flatMap((word) => splitText(word, pattern.find(word, limits), behavior, isInverted));
  }
  const [preTokenizer] = new SequencePreTokenizer({ type: 'Sequence', pretokenizers: [stage as never] })
    .tokenizers;
  return (words, _, options) => preTokenizer!.pre_tokenize(words, options);
}
