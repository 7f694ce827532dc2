/** Goes through the cases of `bench kv`, by whatever runs one of them, and reports. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { KvCommand } from './options';
import { formatBytes, formatNumber } from '../../util/table';
import { kvCases, longCases, type KvCase } from './cases';
import type { LongOptions, LongResult } from './long';
import { describeKvReport, describeLongReport, kvBytes, type KvReport, type LongReport } from './report';
import type { KvResult } from './run';

/** What runs single cases: a page, or this process. */
export interface KvRunner {
  readonly runCase: (kvCase: KvCase) => Promise<KvResult>;
  readonly runLong: (options: LongOptions) => Promise<LongResult>;
}

/** Measures what was asked for; tables go to stdout, progress to stderr, JSON to a file under `root`. */
export async function runKvBench(
  { runner, jsonPath, isLong, ...options }: KvCommand,
  root: string,
  { runCase, runLong }: KvRunner,
): Promise<void> {
  const startedAt = new Date().toISOString();
  const engine = runner === 'node' ? 'Longpage, Node' : 'Longpage, Chromium';
  const path = jsonPath ?? join(root, '.cache/bench', `${startedAt.replaceAll(':', '-')}-kv.json`);
  const write = (report: KvReport | LongReport) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(report, null, 1)}\n`);
    console.error(`JSON: ${path}`);
  };
  if (isLong) {
    const results: LongReport['results'][number][] = [];
    for (const asked of longCases(options)) results.push({ asked, ...(await runLong(asked)) });
    const report: LongReport = { startedAt, engine, results };
    console.log(describeLongReport(report));
    write(report);
    return;
  }
  const results: KvResult[] = [];
  for (const kvCase of kvCases(options)) {
    const result = await runCase(kvCase);
    results.push(result);
    const { length, numSequences, mode, format } = kvCase;
    console.error(
      `${length} tokens × ${numSequences}, ${format}, ${mode}: ${formatNumber(result.decodeMs.median)} ms/token, ` +
        `${formatBytes(kvBytes(result.measured))} of KV`,
    );
  }
  const report: KvReport = { startedAt, engine, options, results };
  console.log(describeKvReport(report));
  write(report);
}
