/** Numbers as people read them: pure. */

const units = ['B', 'kB', 'MB', 'GB'];

/** Decimal bytes with at most three digits: `0 B`, `1.5 kB`, `84 MB`. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (Math.round(value) >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** Tokens per second with a digit after the point where it tells something. */
export function formatRate(tokensPerSecond: number): string {
  return `${tokensPerSecond.toFixed(tokensPerSecond < 10 ? 1 : 0)} tokens/s`;
}

/** A whole number with its thousands apart, and its noun: `1 token`, `12,480 tokens`. */
export function formatCount(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** A length of time, as exact as it is worth: `40 ms`, `2.4 s`, `50 s`, `3 min`, `2 h 5 min`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 995) return `${Math.round(durationMs)} ms`;
  const seconds = durationMs / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 89.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** A share of 0 to 1 in whole percent, but never a 0 or 100 that is not one: `0 %`, `under 1 %`, `63 %`. */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.01) return 'under 1 %';
  if (share < 1 && share > 0.99) return 'over 99 %';
  return `${Math.round(share * 100)} %`;
}

/** A name of which the beginning and the end are left, where it is longer than a line or so. */
export function shortName(name: string): string {
  return name.replace(/^(.{30}).{2,}(.{29})$/su, '$1…$2');
}

/** What the engine's options are called on the page. */
const namesOfOptions: Readonly<Record<string, string>> = {
  'kv.gpuBytes': 'the GPU memory limit',
  'kv.hostBytes': 'the memory limit of this tab',
};

/** An engine's sentence as the page says it: settings by their names there, bytes as people read them. */
export function plainSentence(sentence: string): string {
  return withReadableSizes(sentence)
    .replace(/\bkv\.\w+/g, (option) => namesOfOptions[option] ?? option)
    .replace(/\b\d{4,}(?= tokens)/g, (digits) => Number(digits).toLocaleString('en'));
}

/** An engine's sentence with its exact numbers of bytes as people read them; a number of tokens stays as it is. */
function withReadableSizes(sentence: string): string {
  if (!/\bbytes\b/i.test(sentence)) return sentence;
  return sentence.replace(
    /(?<!Tokens(?: to)? )\b(\d{4,})\b(?: bytes)?(?! tokens| of its \d+ tokens)/g,
    (_, digits: string) => formatBytes(Number(digits)),
  );
}
