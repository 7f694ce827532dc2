/** What `npm run test:full` has beyond the gate, in files that both run. */

/** Whether this is the full run. */
export const isFullRun = Boolean(process.env.LONGPAGE_FULL);

/** These in the full run, none in the gate: cases that are slow on a software GPU and much like others that the gate has. */
export const inFullRun = <Case>(...cases: readonly Case[]): readonly Case[] => (isFullRun ? cases : []);
