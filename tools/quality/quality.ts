/** `npm run quality`: how near a model's predictions stay to those with dense attention, on real text. Exit code 0: measured; 2: called wrongly. */
import { runCommand } from '../command-line/run';
import { runInNode } from '../node/run-in-node';
import { parseOptions, usage } from './options';

runCommand(async () => {
  const args = process.argv.slice(2);
  if (parseOptions(args) === 'help') console.log(usage);
  else process.exitCode = await runInNode('tools/quality/node.ts', 'quality', args);
});
