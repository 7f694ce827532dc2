/** Goes through the models: load, warm-up, rounds in turns with a peer, and one report at the end. */
import { readModelConfig } from '../../src/config/read-model-config';
import { chooseFormats } from '../../src/weights/choose-formats';
import type { KvOptions } from '../../src/runner/memory-plan';
import type { BenchOptions } from './options';
import {
  benchContextTokens,
  runRound,
  summarize,
  warmUp,
  watchMachine,
  type BenchEngine,
  type ModelResult,
  type RoundTimings,
} from './measure';
import { chooseEffort, findModel, modelNames, type BenchModel, type Effort } from './models';
import type { Profile } from './profile/profile';
import { median } from './statistics';

/** Another engine, loaded with the same weights. */
export interface Peer {
  readonly engine: string;
  readonly weights: string;
  readonly loadMs: number;
  /** One request of about that many tokens; decode time is a mean over its steps. */
  run(effort: Effort): Promise<{ prefillTokensPerSecond: number; decodeMsPerToken: number }>;
  close(): Promise<void>;
}

/** What a peer came to: medians over rounds. */
export interface PeerResult {
  readonly engine: string;
  readonly model: string;
  readonly weights: string;
  readonly loadMs: number;
  readonly prefillTokensPerSecond: number;
  readonly decodeMsPerToken: number;
}

/** How models are run where the benchmark runs. */
export interface Runner<E extends BenchEngine> {
  /** Where the engine runs, for the table. */
  readonly engine: string;
  /** The folder that models' paths start from. */
  readonly root: string;
  open(model: BenchModel, kv: KvOptions): Promise<E>;
  /** The peer for a model, where there is one. */
  openPeer?(model: BenchModel): Promise<Peer | undefined>;
  /** Looks closer at an engine that was measured. */
  profile?(engine: E, effort: Effort): Promise<Profile | undefined>;
}

/** What was measured of the models. */
export interface ModelReport {
  readonly models: ModelResult[];
  readonly peers: PeerResult[];
  readonly profiles: (Profile & { readonly model: string })[];
  /** Names of models that are not on this machine, and what could not be profiled. */
  readonly notes: string[];
}

/** Measures the models that the options name. Progress goes to stderr. */
export async function runModels<E extends BenchEngine>(
  options: BenchOptions,
  runner: Runner<E>,
): Promise<ModelReport> {
  const report: ModelReport = { models: [], peers: [], profiles: [], notes: [] };
  for (const name of options.models ?? modelNames) {
    const model = await findModel(name, runner.root, options.weights);
    if (!model) {
      report.notes.push(`The model '${name}' is not on this machine and was left out.`);
      continue;
    }
    console.error(`${model.name}: loading…`);
    const { result, peer, profile } = await runModel(options, runner, model);
    report.models.push(result);
    if (peer) report.peers.push(peer);
    if (profile) report.profiles.push({ model: model.name, ...profile });
    else if (options.hasProfile)
      report.notes.push(`${model.name}: this adapter has no timestamps to profile by.`);
  }
  return report;
}

async function runModel<E extends BenchEngine>(options: BenchOptions, runner: Runner<E>, model: BenchModel) {
  const endWatch = watchMachine();
  const config = await readModelConfig(model.source);
  const contextTokens = Math.min(config.maxContext, benchContextTokens);
  const engine = await runner.open(model, { contextTokens, numSequences: 1 });
  const peer = await runner.openPeer?.(model);
  try {
    const { isSoftware } = engine;
    const effort = chooseEffort(config, isSoftware, options.effort);
    const { prefillTokens, decodeTokens } = effort;
    console.error(`${model.name}: ${effort.rounds} × (${prefillTokens} + ${decodeTokens} tokens)…`);
    await warmUp(engine, config);
    await peer?.run({ ...effort, prefillTokens: 16, decodeTokens: 2 });
    const rounds: RoundTimings[] = [];
    const peerRounds: Awaited<ReturnType<Peer['run']>>[] = [];
    for (let round = 0; round < effort.rounds; round++) {
      rounds.push(await runRound(engine, config, effort, round));
      if (peer) peerRounds.push(await peer.run(effort));
    }
    const stats = await engine.stats();
    const result = summarize(model, config, {
      formats: await chooseFormats(model.source, config, model.weights),
      engine: runner.engine,
      isSoftware,
      stats,
      effort,
      rounds,
      machine: endWatch(),
    });
    const profile = options.hasProfile ? await runner.profile?.(engine, effort) : undefined;
    return { result, peer: peer && summarizePeer(peer, model, peerRounds), profile };
  } finally {
    await peer?.close();
    await engine.dispose();
  }
}

function summarizePeer(
  { engine, weights, loadMs }: Peer,
  { name }: BenchModel,
  rounds: readonly Awaited<ReturnType<Peer['run']>>[],
): PeerResult {
  return {
    engine,
    model: name,
    weights,
    loadMs,
    prefillTokensPerSecond: median(rounds.map((round) => round.prefillTokensPerSecond)),
    decodeMsPerToken: median(rounds.map((round) => round.decodeMsPerToken)),
  };
}
