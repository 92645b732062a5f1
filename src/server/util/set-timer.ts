// The one kind of timer that the server uses.

/** Calls back once after `delayMs`, unless the returned function is called first. */
export type SetTimer = (delayMs: number, callback: () => void) => () => void;
