/** A clock that makes every GPU look alike, so that a test decides into how small pieces prefill is cut. */
import { vi } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import { answer, promptOf, requestOf } from './engine';

/**
 * `slow`: every slice seems to take seconds, so that slices, chunks and segments become as small as they may; `fast`: no
 * time ever passes, and they become as large as they may. The engine learns that from some short requests, which
 * replace what it had stored. Undo with `vi.restoreAllMocks()`.
 */
export async function useClock(engine: EngineCore, kind: 'slow' | 'fast'): Promise<void> {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (kind === 'slow' ? (now += 10_000) : now));
  for (let i = 0; i < 25; i++) await answer(engine, requestOf(promptOf(2, 500 + i), { maxTokens: 1 }));
}
