// Requests that one node hands to the node that holds their connection, through a channel for each node.
import type { Broker, Parcel } from '../../../broker/broker.js';
import type { RedisConnection } from '../client/port.js';
import type { ScriptRunner } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
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
  /** Handles a text from a channel. Returns false if the channel is for no node here. */
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
      // A cluster counts only the receivers at one of its nodes, so the answer says nothing. The sequence
      // number of each request reveals a lost one.
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
