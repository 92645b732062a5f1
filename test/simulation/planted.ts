// Bugs on purpose: each must be found, or the simulation proves nothing. Those of the server are a broker that errs; those of the client are the real source with
// a few words changed, which the build refuses to do where the words are not there.
import type { Append, Appended, Broker } from '../../src/server/broker/broker.js';
import type { SimulationOptions } from './simulate.js';

type Plant = NonNullable<SimulationOptions['plant']>;

const overriding = (broker: Broker, change: Partial<Broker>): Broker => ({ ...broker, ...change });

/** A message that is sent again is appended again. */
const noDedupe: Plant = (broker) =>
  overriding(broker, {
    append: (append) => broker.append({ ...append, producer: null }),
    recall: () => null,
  });

/** The acknowledgement goes out before the message is in the log; what dies in between is lost. */
const ackBeforeAppend: Plant = (broker, { after, random }) => {
  let alive = true;
  const tops = new Map<string, number>();
  return overriding(broker, {
    append(append: Append): Appended {
      const page = broker.read(append.room, { before: null, limit: 0 });
      if (!('top' in page)) throw new Error('no top');
      const offset = Math.max(tops.get(append.room) ?? 0, page.top.offset) + 1;
      tops.set(append.room, offset);
      after(random() * 60, () => {
        if (alive) void broker.append(append);
      });
      return { status: 'ok', epoch: page.epoch, offset, timestamp: 0 };
    },
    listen(listener) {
      const stop = broker.listen(listener);
      // The server stops listening when it dies.
      return () => {
        alive = false;
        stop();
      };
    },
  });
};

/** Of what was missed, the newest is given back as if it were all. */
const partialReplay: Plant = (broker) =>
  overriding(broker, {
    read(room, range) {
      const page = broker.read(room, range);
      if (page instanceof Promise || 'why' in page || !('after' in range) || page.entries.length < 2)
        return page;
      const [first, ...rest] = page.entries;
      return first
        ? {
            ...page,
            from: page.from,
            entries: [
              [first[0], first[1], first[2], ...(rest[0]?.slice(3) ?? [])] as unknown as typeof first,
              ...rest,
            ],
          }
        : page;
    },
  });

export const plants: Readonly<Record<string, Plant>> = {
  'no-dedupe': noDedupe,
  'ack-before-append': ackBeforeAppend,
  'partial-replay': partialReplay,
};
