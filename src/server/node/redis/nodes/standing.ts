// Channels that a node listens on for as long as it runs. A subscription that fails is made again.
import type { ServerPorts } from '../../../ports/ports.js';
import type { RedisConnection } from '../client/port.js';

interface SubscriptionPorts {
  readonly setTimer: ServerPorts['setTimer'];
  readonly redis: RedisConnection;
  readonly failed: (error: unknown) => void;
}

export interface StandingSubscriptions {
  /** Listens on a channel until it is dropped. Resolves once Redis has confirmed. */
  keep(channel: string): Promise<void>;
  drop(channel: string): void;
  close(): void;
}

/** From one attempt to the next, in ms. */
const retryAfterMs = 1_000;

export function createStandingSubscriptions({
  setTimer,
  redis,
  failed,
}: SubscriptionPorts): StandingSubscriptions {
  const wanted = new Set<string>();

  async function listen(channel: string): Promise<void> {
    while (wanted.has(channel)) {
      try {
        return await redis.subscribe(channel);
      } catch (error) {
        failed(error);
        await new Promise<void>((resolve) => {
          setTimer(retryAfterMs, resolve);
        });
      }
    }
  }

  return {
    keep(channel) {
      wanted.add(channel);
      return listen(channel);
    },
    drop(channel) {
      if (wanted.delete(channel)) redis.unsubscribe(channel).catch(failed);
    },
    close() {
      wanted.clear();
    },
  };
}
