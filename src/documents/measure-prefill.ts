/** How long prefills take on this machine: two short ones are timed. */
import { wholePageTokens } from '../cache/page';
import type { ModelConfig } from '../config/model-config';
import type { DocumentDevice } from './document-device';
import { fitPrefillTime, type PrefillTime, type TimedPrefill } from './document-cost';
import { Reading } from './reading';

/** Tokens of a timed prefill at most, and the time that it may take, about. */
const maxTimedTokens = 2048;
const timedMs = 2000;

/** What is timed. */
interface PrefillMeasurement {
  readonly side: Pick<DocumentDevice, 'loop' | 'ready' | 'add'>;
  readonly config: ModelConfig;
  readonly contextTokens: number;
}

/**
 * Times prefills of an engine that holds `contextTokens` tokens.
 * @throws EngineError `device-lost`, `disposed`
 */
export async function measurePrefill(measurement: PrefillMeasurement): Promise<PrefillTime> {
  const { config, contextTokens } = measurement;
  const most = Math.min(maxTimedTokens, wholePageTokens(contextTokens - 1));
  const unit = Math.min(64, most);
  // The first prefill of an engine is slow; it also says how long the others may be.
  const first = await timePrefill(measurement, unit);
  const perToken = first.durationMs / unit;
  const wanted = Math.floor(timedMs / perToken / unit) * unit;
  const long = Math.max(unit, Math.min(wanted, most - (most % unit)));
  const short = Math.max(unit, Math.floor(long / 4 / unit) * unit);
  const timed = await timePrefill(measurement, short);
  return fitPrefillTime(config, timed, long > short ? await timePrefill(measurement, long) : timed);
}

async function timePrefill({ side, config }: PrefillMeasurement, numTokens: number): Promise<TimedPrefill> {
  await side.ready();
  // No text that anybody has written: nothing of it is there yet, and nothing of it stays.
  const ids = Array.from({ length: numTokens }, (_, i) => (numTokens * 31 + i * 7919) % config.vocabSize);
  let startedAt = 0;
  const onBorder = () => void (startedAt ||= performance.now());
  const reading = new Reading({ ids }, onBorder, () => Promise.resolve());
  side.add(reading);
  await reading.done;
  const durationMs = performance.now() - startedAt;
  await reading.stored;
  side.loop.drop(ids);
  return { numTokens, durationMs };
}
