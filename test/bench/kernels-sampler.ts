/**
 * Times sampling one row in one dispatch and in two, in turns: `--vocab 151936`, `--rounds 7`, `--repeats 20` steps a round. On a
 * GPU by its own clock, else by the host's.
 */
import { parseArgs } from 'node:util';
import { Device, type DeviceFeature } from '../../src/gpu/device';
import { KernelCompiler } from '../../src/gpu/kernel';
import type { Recorder } from '../../src/gpu/recorder';
import { Sampler } from '../../src/sampler/sampler';
import type { SamplerSettings } from '../../src/sampler/settings';
import { gpu } from '../support/gpu-setup';
import { randomFloats } from '../../tools/util/random';
import { collectDispatches, TimedPass } from '../../tools/bench/timed-pass';

const cases: readonly (readonly [string, SamplerSettings])[] = [
  ['greedy', {}],
  ['greedy, penalty', { repetitionPenalty: 1.1 }],
  ['temperature 1', { temperature: 1 }],
  ['top-k 20, top-p 0.8, temperature 0.7', { temperature: 0.7, topK: 20, topP: 0.8 }],
  ['top-p 0.9', { temperature: 0.6, topP: 0.9 }],
  ['min-p 0.05', { temperature: 1, minP: 0.05 }],
  ['greedy, 5 log-probabilities', { numLogprobs: 5 }],
];

/** Prints the least and the median microseconds of every case, one dispatch first. */
export async function main(args: string[]): Promise<void> {
  const { values: options } = parseArgs({
    args,
    options: {
      vocab: { type: 'string', default: '151936' },
      rounds: { type: 'string', default: '7' },
      repeats: { type: 'string', default: '20' },
    },
  });
  const device = await Device.request({ gpu });
  const compiler = new KernelCompiler(device);
  const print = (line: string) => process.stdout.write(`${line}\n`);
  print(`adapter: ${Object.values(device.adapter).filter(Boolean).join(' ')}`);
  const vocabSize = Number(options.vocab);
  const upload = (label: string, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>) => {
    const buffer = device.buffers.create({ label, category: 'activations', sizeBytes: data.byteLength });
    device.write(buffer, 0, data);
    return buffer;
  };
  // As far above the rest as a model has its likeliest tokens.
  const peaked = randomFloats(vocabSize, 1).map((value) => 12 * value ** 5 + 2 * value);
  const step = { logits: upload('logits', peaked), rows: upload('rows', new Uint32Array(4)), numRows: 1 };
  const features = device.features as Set<DeviceFeature>;
  for (const [title, settings] of cases) {
    const ways = await Promise.all(
      [false, true].map(async (isWide) => {
        if (isWide) features.add('wide-sampling');
        else features.delete('wide-sampling');
        const sampler = await Sampler.create(compiler, {
          vocabSize,
          numSequences: 1,
          maxRows: 1,
          eosIds: [],
        });
        await sampler.configure(0, settings);
        const dispatches = collectDispatches([(recorder: Recorder) => sampler.record(recorder, step)]);
        return { sampler, pass: new TimedPass(compiler, dispatches), times: [] as number[] };
      }),
    );
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const { pass, times } of ways) times.push(1e3 * (await pass.run(Number(options.repeats))));
    }
    device.throwIfFailed();
    const columns = ways.map(({ times }) => {
      const sorted = times.slice(1).sort((a, b) => a - b);
      return `${sorted[0]!.toFixed(1).padStart(10)} ${sorted[sorted.length >> 1]!.toFixed(1).padStart(10)}`;
    });
    print(`${title.padEnd(40)} one: ${columns[0]} µs   two: ${columns[1]} µs`);
    for (const { sampler, pass } of ways) {
      pass.destroy();
      sampler.destroy();
    }
  }
  for (const buffer of [step.logits, step.rows]) buffer.destroy();
  device.destroy();
}
