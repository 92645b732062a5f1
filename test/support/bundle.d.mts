export function bundle(
  entries: readonly string[],
  plugins?: readonly unknown[],
): Promise<{ readonly files: readonly string[]; readonly remove: () => Promise<void> }>;
