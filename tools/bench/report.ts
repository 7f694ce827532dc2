/** What a benchmark measured, as JSON and as tables for the screen. Pure but for the file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { bufferCategories } from '../../src/gpu/buffer';
import type { MatvecResult } from './matvec';
import type { ModelResult } from './measure';
import type { Profile } from './profile/profile';
import type { ProfileEntry } from './profile/role-profiler';
import type { ModelReport, PeerResult } from './run-models';
import { formatBytes, formatNumber, formatTable } from '../util/table';

/** Everything that one run of the benchmark measured. */
export interface BenchReport extends ModelReport {
  readonly startedAt: string;
  readonly matvec?: MatvecResult;
}

/** Writes the report, with the folders that its path needs. */
export function writeReport(path: string, report: BenchReport): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, null, 1)}\n`);
}

/** The report's tables, one after another, each under a line that says what it is. */
export function describeReport({ models, peers, profiles, matvec, notes }: BenchReport): string {
  const adapters = [
    ...new Set(models.map(({ adapter, isSoftware }) => `${adapter}${isSoftware ? ' (software)' : ''}`)),
  ];
  return [
    ...(models.length > 0
      ? [
          section(`Speed, on ${adapters.join('; ')}`, describeSpeed(models, peers)),
          section('Per decoded token', describeWork(models)),
          section('GPU memory, in bytes by category', describeMemory(models)),
        ]
      : []),
    ...profiles.map(describeProfile),
    ...(matvec ? [describeMatvec(matvec)] : []),
    ...notes,
  ].join('\n\n');
}

const section = (title: string, body: string) => `${title}\n\n${body}`;
const text = (title: string) => ({ title });
const number = (title: string) => ({ title, isNumber: true });

function describeSpeed(models: readonly ModelResult[], peers: readonly PeerResult[]): string {
  const columns = [
    text('model'),
    text('engine'),
    text('weights'),
    number('prompt'),
    number('prefill tok/s'),
    number('decode ms'),
    number('p99 ms'),
    number('steps'),
    number('load s'),
    number('load average'),
  ];
  const rows = models.flatMap((result) => {
    const { model, engine, weights, effort, decodeMs, machine } = result;
    const ours = [
      model,
      engine,
      weights,
      String(effort.prefillTokens),
      formatNumber(result.prefillTokensPerSecond),
      formatNumber(decodeMs.median),
      formatNumber(decodeMs.p99),
      String(decodeMs.numSamples),
      formatNumber(result.loadMs / 1000),
      `${machine.loadBefore.toFixed(1)}–${machine.loadAfter.toFixed(1)} on ${machine.numCores}`,
    ];
    const others = peers
      .filter((peer) => peer.model === model)
      .map((peer) => [
        model,
        peer.engine,
        peer.weights,
        String(effort.prefillTokens),
        formatNumber(peer.prefillTokensPerSecond),
        formatNumber(peer.decodeMsPerToken),
        '',
        '',
        formatNumber(peer.loadMs / 1000),
        '',
      ]);
    return [ours, ...others];
  });
  return formatTable(columns, rows);
}

function describeWork(models: readonly ModelResult[]): string {
  const columns = [
    text('model'),
    number('dispatches'),
    number('submits'),
    number('read-backs'),
    number('buffers'),
    number('weights read'),
    number('KV read'),
    number('GB/s'),
  ];
  const rows = models.map(({ model, perToken, decodeMs }) => [
    model,
    ...[perToken.dispatches, perToken.submits, perToken.readbacks, perToken.buffers].map(formatNumber),
    formatBytes(perToken.bytes.weights),
    formatBytes(perToken.bytes.kv),
    formatNumber(perToken.bytes.total / decodeMs.median / 1e6),
  ]);
  return formatTable(columns, rows);
}

function describeMemory(models: readonly ModelResult[]): string {
  const columns = [text('model'), ...[...bufferCategories, 'total', 'peak'].map(number)];
  const rows = models.map(({ model, gpuBytes, totalGpuBytes, peakGpuBytes }) => [
    model,
    ...bufferCategories.map((category) => formatBytes(gpuBytes[category])),
    formatBytes(totalGpuBytes),
    formatBytes(peakGpuBytes),
  ]);
  return formatTable(columns, rows);
}

function describeProfile({
  model,
  prefillTokens,
  traces,
  prefill,
  decode,
  numDecodeSteps,
}: ModelReport['profiles'][number]) {
  return [
    section(`${model}: GPU time of a decode step, mean of ${numDecodeSteps}`, describeEntries(decode)),
    section(`${model}: the host's part in prefills of ${prefillTokens} tokens`, describeTraces(traces)),
    section(`${model}: GPU time of a prefill of ${prefillTokens} tokens`, describeEntries(prefill)),
  ].join('\n\n');
}

function describeTraces(traces: Profile['traces']): string {
  const columns = [
    number('ms'),
    number('slices'),
    number('submits'),
    number('dispatches'),
    number('maps'),
    number('read back'),
    number('reading ms'),
    number('storing ms'),
    number('before ms'),
    number('recording ms'),
    number('in submit ms'),
    number('GPU idle ms'),
  ];
  const rows = traces.map((trace) => {
    const { totalMs, slices, submits, dispatches, maps, mappedBytes, readMs, storeMs } = trace;
    const { beforeMs, recordMs, submitMs, idleMs } = trace;
    return [
      ...[totalMs, slices, submits, dispatches, maps].map(formatNumber),
      formatBytes(mappedBytes),
      ...[readMs, storeMs, beforeMs, recordMs, submitMs, idleMs].map(formatNumber),
    ];
  });
  return formatTable(columns, rows);
}

/** One line for each kernel in its role, and one for all. */
export function describeEntries(entries: readonly ProfileEntry[]): string {
  const total = entries.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const line = ({ name, numDispatches, durationMs }: ProfileEntry) => [
    name,
    formatNumber(numDispatches),
    formatNumber(durationMs),
    `${((100 * durationMs) / total).toFixed(1)} %`,
  ];
  const numDispatches = entries.reduce((sum, entry) => sum + entry.numDispatches, 0);
  return formatTable(
    [text('kernel'), number('dispatches'), number('ms'), number('share')],
    [...entries.map(line), line({ name: 'total', numDispatches, durationMs: total })],
  );
}

function describeMatvec(result: MatvecResult): string {
  const { adapter, numLayers, variant, rounds, readGigabytesPerSecond, entries } = result;
  const title =
    `4-bit matvecs of an 8B shape, ${numLayers} layers' distinct weights, variant '${variant}', median of ${rounds} rounds, ` +
    `on ${adapter}; a kernel that only reads does ${formatNumber(readGigabytesPerSecond)} GB/s`;
  const rows = entries.map((entry) => [
    entry.name,
    String(entry.numDispatches),
    formatBytes(entry.weightBytes),
    formatNumber(entry.medianMs),
    formatNumber(entry.gigabytesPerSecond),
    `${(100 * entry.shareOfReading).toFixed(1)} %`,
  ]);
  const columns = [
    text('product'),
    number('dispatches'),
    number('weights'),
    number('ms'),
    number('GB/s'),
    number('of reading'),
  ];
  return section(title, formatTable(columns, rows));
}
