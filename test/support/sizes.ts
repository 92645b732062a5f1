// How large the large tests are. `npm test` runs them at the size that a change needs, `npm run soak` at full size.

/** Whether this run is `npm run soak`, which sets `SOAK=1`. */
export const isSoak: boolean = process.env['SOAK'] === '1';

/** `small` in `npm test`, `full` in `npm run soak`. */
export const sized = <T>(small: T, full: T): T => (isSoak ? full : small);

/** The seed of everything that a test draws at random. It is 1 unless `SEED` says otherwise; the soak sets it and prints it. */
export const seed: number = Number(process.env['SEED'] ?? 1);
