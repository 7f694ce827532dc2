/** CPU twin of select/held-mass. */

/** One query head of one KV head. */
interface HeldMassInput {
  /** log2 of the weight of each full page. */
  readonly logMasses: ArrayLike<number>;
  /** log2 of the weight of each token of the row's own page. */
  readonly ownLogits: readonly number[];
  /** Pages that are chosen now, the own one among them. */
  readonly now: readonly number[];
  /** Pages that were chosen earlier, and the first page born since. */
  readonly held: readonly number[];
  readonly tailStart: number;
}

/** Shares of the softmax mass: of the pages chosen now; of those held and the ones born since. */
export function heldMass({ logMasses, ownLogits, now, held, tailStart }: HeldMassInput): [number, number] {
  const numPages = logMasses.length;
  const logs = [...Array.from(logMasses), ...ownLogits];
  const most = Math.max(...logs);
  const weight = (log: number) => 2 ** (log - most);
  const own = ownLogits.reduce((sum, log) => sum + weight(log), 0);
  const all = logs.reduce((sum, log) => sum + weight(log), 0);
  const of = (pages: readonly number[]) =>
    pages.filter((page) => page < numPages).reduce((sum, page) => sum + weight(logMasses[page]!), own) / all;
  const born = Array.from({ length: Math.max(0, numPages - tailStart) }, (_, i) => tailStart + i);
  return [of(now), of([...held, ...born])];
}
