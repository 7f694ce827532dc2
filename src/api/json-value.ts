/** Whether a value is what JSON can say, so that it reaches the worker and a chat template as it is. */
export function isJson(value: unknown, depth = 0): boolean {
  if (depth > maxDepth) return false;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'object' && Object.values(value).every((entry) => isJson(entry, depth + 1));
}

/** Deeper ones are cyclic, or no use to a template. */
const maxDepth = 100;
