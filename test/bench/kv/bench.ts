/** Goes through the cases of `bench kv`, by whatever runs one of them, and reports. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { KvCommand } from '../../../tools/bench/kv-options';
import { formatBytes, formatNumber } from '../table';
import { kvCases, type KvCase } from './cases';
import { describeKvReport, kvBytes, type KvReport } from './report';
import type { KvResult } from './run';

/** Measures every case; tables go to stdout, progress to stderr, JSON to a file under `root`. */
export async function runKvBench(
  { runner, jsonPath, ...options }: KvCommand,
  root: string,
  runCase: (kvCase: KvCase) => Promise<KvResult>,
): Promise<void> {
  const startedAt = new Date().toISOString();
  const results: KvResult[] = [];
  const engine = runner === 'node' ? 'Longpage, Node' : 'Longpage, Chromium';
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
  const path = jsonPath ?? join(root, '.cache/bench', `${startedAt.replaceAll(':', '-')}-kv.json`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, null, 1)}\n`);
  console.log(describeKvReport(report));
  console.error(`JSON: ${path}`);
}
