/** `npm run schema-suite`: the grammar of schemas against JSON-Schema-Test-Suite; see `--help`. */
import { runCommand } from '../command-line/run';
import { checkSchema, readTokens, type Outcome } from './check';
import { parseOptions, usage } from './options';
import { readSchemas } from './suite';

function report(outcomes: readonly Outcome[]): void {
  const refusals = new Map<string, number>();
  for (const { refused } of outcomes) {
    if (refused !== undefined) refusals.set(refused, (refusals.get(refused) ?? 0) + 1);
  }
  const followed = outcomes.filter(({ refused }) => refused === undefined);
  const sum = (count: (outcome: Outcome) => number) => outcomes.reduce((total, one) => total + count(one), 0);
  console.log(
    `${outcomes.length} schemas: ${followed.length} followed, ${outcomes.length - followed.length} refused`,
  );
  for (const [keyword, count] of [...refusals].sort((a, b) => b[1] - a[1])) {
    console.log(`  ${String(count).padStart(4)} ${keyword}`);
  }
  console.log(`${sum(({ ended }) => ended)} answers ended, ${sum(({ unended }) => unended)} did not`);
  const neverEnded = followed.filter(({ ended, faults }) => ended === 0 && faults.length === 0);
  for (const { name } of neverEnded) console.log(`  no answer ended: ${name}`);
  const [slowest] = [...outcomes].sort((a, b) => b.slowestMs - a.slowestMs);
  if (slowest) console.log(`slowest step: ${slowest.slowestMs.toFixed(1)} ms, ${slowest.name}`);
  const faulty = outcomes.filter(({ faults }) => faults.length > 0);
  for (const { name, faults } of faulty) console.log(`FAULT ${name}\n  ${faults[0]!}`);
  if (faulty.length > 0) process.exitCode = 1;
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(usage);
    return;
  }
  const tokens = readTokens();
  const schemas = options.drafts.flatMap((draft) => readSchemas(options.folder, draft));
  const outcomes: Outcome[] = [];
  for (const schema of schemas) outcomes.push(await checkSchema(schema, tokens, options));
  report(outcomes);
}

runCommand(main);
