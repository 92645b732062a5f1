// What one node hands to another, which holds the connection that it is for: a channel for each node.
import type { Broker, Parcel } from '../../../broker/broker.js';
import type { ScriptRunner } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import type { RedisConnection } from '../client/port.js';
import { readParcel, writeParcel } from './node-message-text.js';
import type { StandingSubscriptions } from './standing.js';

interface NodeMessagePorts {
  readonly runner: ScriptRunner;
  readonly redis: RedisConnection;
  readonly subscriptions: StandingSubscriptions;
  readonly keys: RedisKeys;
  readonly failed: (error: unknown) => void;
  readonly reportForeign: (channel: string) => void;
}

export interface NodeMessages extends Pick<Broker, 'hand' | 'receive'> {
  /** Something was said in a channel. Whether it is one of ours. */
  hearMessage(channel: string, text: string): boolean;
}

export function createNodeMessages({
  runner,
  redis,
  subscriptions,
  keys,
  failed,
  reportForeign,
}: NodeMessagePorts): NodeMessages {
  const receivers = new Map<string, (parcel: Parcel) => void>();

  return {
    hearMessage(channel, text) {
      const receiver = receivers.get(channel);
      if (!receiver) return false;
      const parcel = readParcel(text);
      if (parcel) receiver(parcel);
      else reportForeign(channel);
      return true;
    },
    async hand(node, parcel) {
      const text = writeParcel(parcel);
      const heard = Number(
        await runner.askRedis(() => redis.publish(keys.handChannel(node), text), text.length),
      );
      // A cluster counts those who listen at one of its nodes; the number of each request says whether one was lost.
      return heard > 0 || !redis.countsReceivers;
    },
    receive(node, listener) {
      const channel = keys.handChannel(node);
      receivers.set(channel, listener);
      subscriptions.keep(channel).catch(failed);
      return () => {
        if (receivers.get(channel) !== listener) return;
        receivers.delete(channel);
        subscriptions.drop(channel);
      };
    },
  };
}
