export function gpuEnvironment(browserPath?: string): Record<string, string>;
