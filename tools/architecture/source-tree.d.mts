export const root: string;
export function readSources(folder?: string): Map<string, string>;
