// What a node does, for Prometheus.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { closeCodes } from '../../../protocol/codes.js';
import type { Meter } from '../../ports/meter.js';
import type { ServerStats } from '../../server.js';

export interface Metrics {
  readonly meter: Meter;
  /** Everything, in the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Of what people wait for, in seconds: from a tenth of a millisecond to ten seconds. */
const spans = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

const known: ReadonlySet<number> = new Set(Object.values(closeCodes));
const outcomes: ReadonlySet<string> = new Set([
  'new',
  'recovered',
  'epoch',
  'trimmed',
  'rewound',
  'too-far',
  'denied',
]);

export function createMetrics(stats: () => ServerStats): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  /** Read where it is, when it is asked for. */
  const gauge = (name: string, help: string, read: (stats: ServerStats) => number): void => {
    const made: Gauge = new Gauge({
      name: `roomful_${name}`,
      help,
      registers,
      collect: () => {
        made.set(read(stats()));
      },
    });
  };
  const total = (name: string, help: string, read: (stats: ServerStats) => number): void => {
    const made: Counter = new Counter({
      name: `roomful_${name}_total`,
      help,
      registers,
      collect() {
        made.reset();
        made.inc(read(stats()));
      },
    });
  };
  gauge('connections', 'Connections that are open.', (it) => it.connections);
  gauge('rooms', 'Rooms with a member on this node.', (it) => it.rooms);
  gauge('queued_bytes', 'Bytes that wait to be read by clients.', (it) => it.bytesQueued);
  gauge('draining', '1 while this node asks its clients to move on.', (it) => Number(it.draining));
  gauge('full', '1 while this node has as many connections as it may.', (it) => Number(it.full));
  total('messages_in', 'Durable messages that clients sent.', (it) => it.messagesIn);
  total('messages_out', 'Messages and broadcasts, for each member they went to.', (it) => it.messagesOut);

  const closes = new Counter({
    name: 'roomful_disconnects_total',
    help: 'Connections that ended, by close code.',
    labelNames: ['code'],
    registers,
  });
  const joins = new Counter({
    name: 'roomful_joins_total',
    help: 'Joins, by outcome: new, recovered, or why not.',
    labelNames: ['outcome'],
    registers,
  });
  const handed = new Counter({
    name: 'roomful_handed_total',
    help: 'Requests of the HTTP fallback that were for another node: many of them are a balancer without affinity.',
    registers,
  });
  const histogram = (name: string, help: string): Histogram =>
    new Histogram({ name: `roomful_${name}_seconds`, help, buckets: spans, registers });
  const acknowledged = histogram(
    'acknowledgement',
    "From a durable message's turn to its receipt: handler and broker included.",
  );
  const appended = histogram('broker_append', 'How long the broker took for an append: how far it lags.');
  const pings = histogram('ping', 'Round trips of the heartbeat.');

  return {
    meter: {
      closed(code) {
        // Clients may choose among thousands: those that mean nothing here count as one.
        closes.inc({ code: known.has(code) ? code : 'other' });
      },
      acknowledged(ms) {
        acknowledged.observe(ms / 1_000);
      },
      appended(ms) {
        appended.observe(ms / 1_000);
      },
      ponged(ms) {
        pings.observe(ms / 1_000);
      },
      handed() {
        handed.inc();
      },
      joined(outcome) {
        joins.inc({ outcome: outcomes.has(outcome) ? outcome : 'other' });
      },
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
