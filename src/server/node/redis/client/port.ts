// What the broker needs of Redis, whichever client it is reached with.

/** Redis as the broker uses it: one connection for commands, which is the app's, and one of its own that listens. */
export interface RedisConnection {
  /** Whether a command would leave now. */
  isReady(): boolean;
  /** Resolves once it is; a client that nobody told to connect is told. Rejects where Redis refuses it. */
  connect(): Promise<void>;
  command(args: readonly string[]): Promise<unknown>;
  /** Says something in a room's channel, after what scripts said there before. */
  publish(channel: string, text: string): Promise<unknown>;
  /** Teaches a script to whoever may be asked to run it. */
  load(script: string): Promise<unknown>;
  /** Whether the connection that listens may break and come back without a word: then what was missed is looked for now and then. */
  readonly mayMissMessages: boolean;
  /** Whether `publish` resolves with how many heard it, wherever they listen. */
  readonly countsReceivers: boolean;
  /** Resolves once Redis has confirmed. Listened to until `unsubscribe`, through reconnects. */
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  close(): void;
}

export interface RedisEvents {
  readonly onMessage: (channel: string, text: string) => void;
  /** The connection for commands is there, or is back: Redis may know none of our scripts. */
  readonly onReady: () => void;
  /** The connection for commands is gone, and what was on its way is answered no more: the client library says so of none of it. */
  readonly onLost: () => void;
  /** The connection that listens is there, or is back: what was said meanwhile was not heard. */
  readonly onListening: () => void;
}
