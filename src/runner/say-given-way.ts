/** What gave way, for whoever loaded the model: fetched when there is something to say. Pure. */
import type { GivenWay } from './plan-steps';

/** A sentence about all that gave way, which is something. */
export function sayGivenWay(gaveWay: readonly GivenWay[], limitBytes: number): string {
  const unit = (option: string) => (option === 'contextTokens' ? ' tokens' : '');
  const parts = gaveWay.map(
    ({ option, wanted, inForce }) =>
      `kv.${option} is ${inForce}${unit(option)} and not ${wanted}${unit(option)}`,
  );
  const list = parts.length > 1 ? `${parts.slice(0, -1).join(', ')}, and ${parts.at(-1)!}` : parts[0]!;
  return `Within kv.gpuBytes, ${limitBytes} bytes, ${list}.`;
}
