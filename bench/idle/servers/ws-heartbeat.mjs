// Bare ws that finds broken connections as its README says, as often as the others do.
import { start as startWith } from './ws.mjs';

export const start = (library) => startWith(library, { every: 25_000 });
