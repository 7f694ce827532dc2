/** From the engine's statistics to what the bench reads of them. */
import type { EngineStats } from '../../src/engine/stats';
import type { EvalStats } from './evaluate';

/** Keeps what the report tells, with the adapter as one line. */
export function describeAdapter({ adapter, kv, refusedVariants }: EngineStats): EvalStats {
  const { vendor, architecture, description } = adapter;
  return {
    adapter: [vendor, architecture, description].filter((part) => part !== '').join(' '),
    kv,
    refusedVariants,
  };
}
