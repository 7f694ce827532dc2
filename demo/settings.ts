/** What the person has set about memory, kept from visit to visit. */

/** How the engine is loaded, as far as the page lets people choose. */
export interface Settings {
  /** GPU memory limit for all but the weights, in bytes. */
  readonly gpuBytes: number;
  /** Pages that a head attends at most. */
  readonly pagesPerHead: number;
  /** Every page of every head on the GPU, all of them attended. */
  readonly isExact: boolean;
}

const mebibyte = 2 ** 20;

/** Limits that can be chosen, in bytes, ascending. */
export const gpuByteChoices = [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096].map(
  (count) => count * mebibyte,
);

/** The limit to try next: half or twice as large; undefined where there is none. */
export function otherLimit(gpuBytes: number, kind: 'smaller' | 'larger'): number | undefined {
  return kind === 'smaller'
    ? gpuByteChoices.findLast((choice) => choice <= gpuBytes / 2)
    : gpuByteChoices.find((choice) => choice >= gpuBytes * 2);
}

/** Pages per head that can be chosen. */
export const pageChoices = [4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256];

/** Enough for Scout's longest context, and far from what a phone would miss. */
export const defaultSettings: Settings = { gpuBytes: 96 * mebibyte, pagesPerHead: 64, isExact: false };

/** The same settings with a limit of `minGpuBytes` at least, where that is known. */
export function withLimitOf(settings: Settings, minGpuBytes = 0): Settings {
  const enough = gpuByteChoices.find((choice) => choice >= minGpuBytes) ?? gpuByteChoices.at(-1)!;
  return { ...settings, gpuBytes: Math.max(settings.gpuBytes, enough) };
}

const key = 'longpage-settings';

/** What was kept, or the defaults for what was not or makes no sense. */
export function parseSettings(json: string | null): Settings {
  let kept: unknown;
  try {
    kept = JSON.parse(json ?? 'null');
  } catch {
    return defaultSettings;
  }
  if (typeof kept !== 'object' || kept === null) return defaultSettings;
  const { gpuBytes, pagesPerHead, isExact } = kept as Record<string, unknown>;
  return {
    gpuBytes: gpuByteChoices.find((choice) => choice === gpuBytes) ?? defaultSettings.gpuBytes,
    pagesPerHead: pageChoices.find((choice) => choice === pagesPerHead) ?? defaultSettings.pagesPerHead,
    isExact: isExact === true,
  };
}

/** Reads them; a browser that keeps nothing for this page has the defaults. */
export function loadSettings(): Settings {
  try {
    return parseSettings(localStorage.getItem(key));
  } catch {
    return defaultSettings;
  }
}

/** Keeps them, where the browser lets this page. */
export function saveSettings(settings: Settings): void {
  try {
    localStorage.setItem(key, JSON.stringify(settings));
  } catch (error) {
    console.warn('The settings could not be kept:', error);
  }
}
