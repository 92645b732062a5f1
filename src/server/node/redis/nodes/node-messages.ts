// What one node hands to another, which holds the connection that it is for: a channel for each node.
import type { Broker, Parcel } from '../../../broker/broker.js';
import type { Calls } from '../client/script-runner.js';
import type { Keys } from '../store/keys.js';
import type { Redis } from '../client/port.js';
import { readParcel, writeParcel } from './node-message-text.js';
import type { Standing } from './standing.js';

interface ParcelPorts {
  readonly calls: Calls;
  readonly redis: () => Redis;
  readonly standing: Standing;
  readonly keys: Keys;
  readonly failed: (error: unknown) => void;
  readonly foreign: (channel: string) => void;
}

export interface Parcels extends Pick<Broker, 'hand' | 'receive'> {
  /** Something was said in a channel. Whether it is one of ours. */
  heard(channel: string, text: string): boolean;
}

export function createParcels({ calls, redis, standing, keys, failed, foreign }: ParcelPorts): Parcels {
  const receivers = new Map<string, (parcel: Parcel) => void>();

  return {
    heard(channel, text) {
      const receiver = receivers.get(channel);
      if (!receiver) return false;
      const parcel = readParcel(text);
      if (parcel) receiver(parcel);
      else foreign(channel);
      return true;
    },
    async hand(node, parcel) {
      const text = writeParcel(parcel);
      const heard = Number(
        await calls.within(() => redis().publish(keys.handChannel(node), text), text.length),
      );
      // A cluster counts those who listen at one of its nodes; the number of each request says whether one was lost.
      return heard > 0 || !redis().counts;
    },
    receive(node, listener) {
      const channel = keys.handChannel(node);
      receivers.set(channel, listener);
      standing.keep(channel).catch(failed);
      return () => {
        if (receivers.get(channel) !== listener) return;
        receivers.delete(channel);
        standing.drop(channel);
      };
    },
  };
}
