/** What the gate runs, in order: data only. `gate.mjs` runs it. */

/**
 * @typedef {object} Step
 * @property {string} name what `npm test -- NAME` selects it by
 * @property {string[]} command run with Node, from the repository's root
 * @property {'check' | 'vitest'} kind a check counts as one; a Vitest run counts its tests
 * @property {string} [needs] a step that must have passed before
 * @property {string} [batch] steps in a row with the same word here run at the same time; none of them may need another
 * @property {string[]} [full] more arguments under `npm run test:full`
 */

const bin = (path) => `node_modules/${path}`;
const vitest = (project) => [bin('vitest/vitest.mjs'), 'run', '--project', project];
/** Two files at a time: on two cores Vitest alone would take one. */
const inPairs = (project) => [...vitest(project), '--maxWorkers=2'];

/** @type {Step[]} */
export const steps = [
  { name: 'format', kind: 'check', batch: 'source', command: [bin('oxfmt/bin/oxfmt'), '--check'] },
  // Rules and types by one pass of the compiler; rules and options are in `.oxlintrc.json` and `tsconfig.json`.
  { name: 'lint', kind: 'check', batch: 'source', command: [bin('oxlint/bin/oxlint'), '--deny-warnings'] },
  { name: 'floors', kind: 'check', batch: 'source', command: ['tools/gate/check-floors.mjs'] },
  { name: 'circles', kind: 'check', batch: 'source', command: ['tools/gate/check-circles.mjs'] },
  { name: 'shaders', kind: 'check', batch: 'source', command: ['tools/gate/check-shaders.mjs'] },
  { name: 'lengths', kind: 'check', batch: 'source', command: ['tools/gate/check-lengths.mjs'] },
  { name: 'docs', kind: 'check', batch: 'source', command: ['tools/gate/check-docs.mjs'] },
  { name: 'library', kind: 'check', command: ['--import', 'tsx', 'tools/build/library.ts'] },
  { name: 'site', kind: 'check', command: [bin('vite/bin/vite.js'), 'build', '--logLevel', 'warn'] },
  {
    name: 'bundle',
    kind: 'check',
    command: ['--import', 'tsx', 'tools/gate/bundle.ts'],
    needs: 'library',
  },
  { name: 'unit', kind: 'vitest', command: inPairs('unit') },
  { name: 'kernels', kind: 'vitest', command: inPairs('kernels') },
  { name: 'engine', kind: 'vitest', command: inPairs('engine') },
  { name: 'browser', kind: 'vitest', command: inPairs('browser') },
  { name: 'package', kind: 'vitest', command: inPairs('package'), needs: 'library' },
  { name: 'demo', kind: 'vitest', command: inPairs('demo'), needs: 'site' },
];

/**
 * The steps in order, those of a batch in one list.
 * @param {Step[]} chosen
 */
export function batchesOf(chosen) {
  const batches = [];
  for (const step of chosen) {
    const last = batches.at(-1);
    if (step.batch !== undefined && last?.[0].batch === step.batch) last.push(step);
    else batches.push([step]);
  }
  return batches;
}
