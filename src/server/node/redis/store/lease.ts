// How long the other nodes believe that a node is there.

/** How long a node is believed to be there without a word, in ms. */
export const nodeLeaseMs = 15_000;

/** How often a node renews its lease, in ms. */
export const renewLeaseEveryMs = 5_000;
