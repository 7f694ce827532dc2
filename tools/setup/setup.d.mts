interface LockEntry {
  readonly version?: string;
  readonly optional?: boolean;
  readonly link?: boolean;
}
export function missingPackages(
  lock: { readonly packages: Readonly<Record<string, LockEntry>> },
  installed: { readonly packages: Readonly<Record<string, LockEntry>> },
): string[];
