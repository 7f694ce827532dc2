/** One run from the options to the profile, on whatever engine the entry opens. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { profileFileName, profileNameOf } from '../../src/stability/choose-profile';
import { selectingHeads, type HeadProfile } from '../../src/stability/head-profile';
import { makeHeadProfile } from '../../src/stability/make-head-profile';
import type { ModelSource } from '../../src/source/model-source';
import { readModelConfig } from '../../src/config/read-model-config';
import { Tokenizer } from '../../src/tokenizer/tokenizer';
import { checkOutput, readTextFile } from '../command-line/files.mjs';
import { openModel } from '../node/open-model';
import { readFacts } from '../eval/facts';
import { readBooks } from '../eval/haystack';
import { describeOverlaps, describePairs, drawHeatMap, pairOverlaps, type FamilyChunks } from './describe';
import {
  builtFamilies,
  followedFamily,
  readQuestions,
  scaledBudget,
  textFamily,
  type Family,
  type ProfileInput,
} from './inputs';
import { UsageError } from '../command-line/options';
import { listProfiles } from './list-profiles';
import type { ProfileOptions } from './options';

/** A loaded engine, wherever it runs. */
export interface ProfileEngine {
  /** Writes greedily, all `maxTokens` of them or to the answer's end; resolves to the number of tokens. */
  write(input: ProfileInput): Promise<number>;
  headProfile(): Promise<HeadProfile | undefined>;
  dispose(): Promise<void>;
}

/** Where the engine runs. */
interface ProfileRunner {
  /** The repository, or a folder like it. */
  readonly root: string;
  open(location: string, source: ModelSource, kv: Readonly<Record<string, unknown>>): Promise<ProfileEngine>;
}

const unstableShare = 0.25;

/** Measures, prints the map and writes the profile. @throws UsageError, and what the engine throws */
export async function runProfile(options: ProfileOptions, runner: ProfileRunner): Promise<void> {
  const startedAt = performance.now();
  const location = options.model ?? join(runner.root, 'public/models/scout');
  const source = await openModel(location);
  checkOutput(resolve(runner.root, options.outPath ?? 'public/profiles/index.json'));
  const tokenizer = await readTokenizer(source);
  const { maxContext, layers, numKvHeads } = await readModelConfig(source);
  const lengthTokens = Math.min(options.lengthTokens, maxContext);
  const selecting = selectingHeads(layers, numKvHeads);
  const families = chooseFamilies(options, runner.root, tokenizer, lengthTokens);
  const lengths = families.flatMap(({ inputs }) => inputs.map((input) => lengthOf(input, tokenizer)));
  const fewestPages = Math.floor(Math.min(...lengths.map(({ prompt }) => prompt)) / 16);
  const pagesPerHead = options.pagesPerHead ?? scaledBudget(fewestPages);
  if (pagesPerHead >= fewestPages) {
    throw new UsageError(
      `A text of ${fewestPages} pages leaves nothing to choose with --pages-per-head ${pagesPerHead}.`,
    );
  }
  console.error(describeBudget(pagesPerHead, fewestPages));
  const { gpuBytes, interval: rerankInterval } = options;
  const engine = await runner.open(location, source, {
    pagesPerHead,
    rerankInterval,
    unstableShare: 1,
    selection: options.selection,
    retrievalHeads: 'selected',
    measureStability: 'every-step',
    numSequences: 1,
    contextTokens: 16 * Math.ceil(Math.max(...lengths.map(({ whole }) => whole)) / 16),
    ...(gpuBytes !== undefined && { gpuBytes }),
  });
  try {
    const measured = await measure(engine, families);
    const { about, chunks } = measured;
    const numTokens = Math.round(lengths.reduce((sum, { prompt }) => sum + prompt, 0) / lengths.length);
    const crossCheck = crossCheckOf(chunks, selecting);
    const retrieval = await knownRetrieval(source, about.modelId);
    const made = makeHeadProfile({
      ...about,
      selecting,
      measuredOn:
        `${families.map(({ name }) => name).join(' and ')}: ${measured.numSteps} decode steps, ${options.isFollowing ? "each with the text's own token" : 'greedy'}, in ` +
        `contexts of about ${numTokens} tokens; every head selected ${pagesPerHead} pages at every step.`,
      ...(crossCheck && { crossCheck }),
    });
    const { attention } = options;
    const profile: HeadProfile = {
      ...made,
      ...(retrieval && { retrieval }),
      ...(attention && { attention }),
    };
    console.log(drawHeatMap(profile));
    console.log(describeOverlaps(profile));
    if (crossCheck) console.log(describePairs(chunks, unstableShare, selecting));
    const out = resolve(runner.root, options.outPath ?? `public/profiles/${profileNameOf(profile.modelId)}`);
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, `${writeProfile(profile)}\n`);
    if (options.outPath === undefined) listProfiles(dirname(out));
    console.error(`${out}, after ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  } finally {
    await engine.dispose();
  }
}

/** Every family in turn; the chunks of each, and all that was measured. */
async function measure(engine: ProfileEngine, families: readonly Family[]) {
  const chunks = new Map<string, FamilyChunks>();
  let about: HeadProfile | undefined;
  let numSteps = 0;
  for (const { name, inputs } of families) {
    const numBefore = about?.stability.length ?? 0;
    for (const [i, input] of inputs.entries()) {
      const startedAt = performance.now();
      const numWritten = await engine.write(input);
      numSteps += Math.max(0, numWritten - 1);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
      console.error(`${name} ${i + 1} of ${inputs.length}: ${numWritten} tokens in ${seconds} s`);
    }
    about = await engine.headProfile();
    const stability = about?.stability.slice(numBefore) ?? [];
    const massLost = about?.massLost?.slice(numBefore);
    if (stability.length > 0) chunks.set(name, { stability, ...(massLost && { massLost }) });
    console.error(`${name}: ${stability.length} chunks`);
  }
  if (!about) {
    throw new UsageError(
      'No answer was as long as a chunk: give questions with longer answers, or --interval.',
    );
  }
  return { about, chunks, numSteps };
}

/** Which heads retrieve is not measured here: what the model's own profile says of these weights stays. */
async function knownRetrieval(source: ModelSource, modelId: string): Promise<HeadProfile['retrieval']> {
  const text = await source.readText(profileFileName);
  const known = text === undefined ? undefined : (JSON.parse(text) as Partial<HeadProfile>);
  return known?.modelId === modelId ? known.retrieval : undefined;
}

function crossCheckOf(
  chunks: ReadonlyMap<string, FamilyChunks>,
  selecting: readonly number[],
): HeadProfile['crossCheck'] {
  // By the classes that the profile uses.
  const pairs = pairOverlaps(chunks, unstableShare, { selecting, classes: 'mass-lost' });
  if (pairs.length === 0) return undefined;
  const overlap = pairs.reduce((sum, pair) => sum + pair.overlap, 0) / pairs.length;
  return { families: [...chunks.keys()], share: unstableShare, overlap: Math.round(1e4 * overlap) / 1e4 };
}

function chooseFamilies(
  { textPaths, questionsPath, isFollowing, numSteps, seed }: ProfileOptions,
  root: string,
  tokenizer: Tokenizer,
  lengthTokens: number,
): Family[] {
  if (textPaths.length === 0) {
    const countTokens = (text: string) => tokenizer.encode(text, { addSpecialTokens: false }).length;
    const facts = readFacts(join(root, 'tools/eval/data/facts.jsonl'));
    const books = readBooks(join(root, '../shared/texts'));
    return builtFamilies({ facts, split: 'familiar', books, countTokens, seed }, lengthTokens, numSteps);
  }
  const decode = (ids: readonly number[]) => tokenizer.decode(ids);
  return textPaths.map((path) => {
    const name = basename(path);
    const ids = tokenizer.encode(readTextFile(path), { addSpecialTokens: false });
    // Beginning tokens of the tokenizer's own, and the step beyond the last.
    if (isFollowing) return followedFamily(name, { ids, lengthTokens: lengthTokens - 16, numSteps, decode });
    const room = Math.max(1, lengthTokens - 2 * numSteps);
    const text = decode(ids.slice(0, ids.length > lengthTokens ? room : ids.length));
    const questions = questionsPath === undefined ? [] : readQuestions(readTextFile(questionsPath));
    return textFamily(name, text, questions, numSteps);
  });
}

/** Tokens of the prompt, and with the answer; room for the template's own. */
function lengthOf({ text, question = '', maxTokens }: ProfileInput, tokenizer: Tokenizer) {
  const prompt = tokenizer.encode(text).length + tokenizer.encode(question).length;
  return { prompt, whole: prompt + maxTokens + 64 };
}

function describeBudget(pagesPerHead: number, numPages: number): string {
  const ratio = numPages / pagesPerHead;
  const said = `Heads select ${pagesPerHead} of at least ${numPages} pages.`;
  return ratio >= 4 ? said : `${said} Fewer than 4 pages for each selected one: sets look alike by chance.`;
}

async function readTokenizer(source: ModelSource): Promise<Tokenizer> {
  const [tokenizer, config] = await Promise.all(
    ['tokenizer.json', 'tokenizer_config.json'].map((name) => source.readText(name)),
  );
  if (tokenizer === undefined) throw new UsageError('The model has no tokenizer.json.');
  return Tokenizer.fromJson(JSON.parse(tokenizer), config === undefined ? undefined : JSON.parse(config));
}

/** One line for each chunk: small, and a person can read it. */
function writeProfile(profile: HeadProfile): string {
  const fields = Object.entries(profile).map(([name, value]) => {
    if (name !== 'stability' && name !== 'massLost') {
      return `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`;
    }
    const rows = profile[name]!.map((chunk) => `    ${JSON.stringify(chunk)}`);
    return `  "${name}": [\n${rows.join(',\n')}\n  ]`;
  });
  return `{\n${fields.join(',\n')}\n}`;
}
