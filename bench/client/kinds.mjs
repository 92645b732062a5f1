// What is compared: what holds the messages, and how a component comes by the one thing that it shows.

/** Each with the sizes it is run at: components that each show one entity, or selectors of a store without React. */
export const kinds = [
  { name: 'zustand, a setState a message', consumer: 'zustand-each', components: [1, 100, 1_000] },
  { name: 'zustand, a setState a burst', consumer: 'zustand-batched', components: [1, 100, 1_000] },
  { name: 'react-use-websocket', consumer: 'react-use-websocket', components: [1, 100, 1_000] },
  { name: 'roomful', consumer: 'roomful', components: [1, 100, 1_000] },
  { name: 'roomful, no React', consumer: 'roomful-store', components: [0, 1, 100, 1_000] },
];

/** The load whose ratios stand for all. */
export const headline = 1_000;

/** 10,000 messages in 60 bursts: a second of a screen at 60 frames a second. */
export const messages = 10_000;
export const bursts = 60;
