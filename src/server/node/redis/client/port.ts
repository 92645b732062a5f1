// The interface to Redis, for every client library.

/** Two connections to Redis: the app's, for commands, and one of the broker, which listens. */
export interface RedisConnection {
  /** Whether a command would be sent now. */
  isReady(): boolean;
  /**
   * Resolves once Redis is ready. Connects a client that nobody connected. Rejects if Redis refuses the
   * client.
   */
  connect(): Promise<void>;
  command(args: readonly string[]): Promise<unknown>;
  /** Publishes a text in a room's channel, after the texts that scripts published there before. */
  publish(channel: string, text: string): Promise<unknown>;
  /** Loads a script into every Redis that may have to run it. */
  load(script: string): Promise<unknown>;
  /**
   * Whether the connection that listens may break and come back in silence. Missed messages are then looked
   * for now and then.
   */
  readonly mayMissMessages: boolean;
  /** Whether `publish` resolves with the number of all receivers. */
  readonly countsReceivers: boolean;
  /** Listens on a channel until `unsubscribe`, also after reconnects. Resolves once Redis has confirmed. */
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  close(): void;
}

export interface RedisEvents {
  readonly onMessage: (channel: string, text: string) => void;
  /** The connection for commands is there or back. Redis may know none of the scripts. */
  readonly onReady: () => void;
  /**
   * The connection for commands is gone, and the calls that wait will not be answered. The client library
   * does not say so itself.
   */
  readonly onLost: () => void;
  /** The connection that listens is there or back. Messages that were published meanwhile were missed. */
  readonly onListening: () => void;
}
