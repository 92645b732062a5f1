// An invariant of a walk: checked on every step, so it must cost nothing where it holds.

/** Throws where `holds` is false. */
export function must(holds: boolean, what: string, found?: unknown): void {
  if (!holds) throw new Error(found === undefined ? what : `${what}: ${JSON.stringify(found)}`);
}
