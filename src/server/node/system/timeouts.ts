// How long the server waits for a client whose connection it ends.

/** How long a client may take to answer a close, in ms. */
export const closeTimeoutMs = 5_000;

/** How long a client may take to answer a close when the server stops, in ms. */
export const stopTimeoutMs = 1_000;
