// The measurements of a node, for Prometheus.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { closeCodes } from '../../../protocol/codes.js';
import type { Meter } from '../../ports/meter.js';
import type { ServerStats } from '../../server.js';

export interface Metrics {
  readonly meter: Meter;
  /** From now on the connections and rooms of a server are measured as well. */
  observe(stats: () => ServerStats): void;
  /** All measurements in the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Buckets for durations, in seconds: from a tenth of a millisecond to ten seconds. */
const durationBucketsSeconds = [
  0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
];

const knownCloseCodes: ReadonlySet<number> = new Set(Object.values(closeCodes));
const joinOutcomes: ReadonlySet<string> = new Set([
  'new',
  'recovered',
  'epoch',
  'trimmed',
  'rewound',
  'too-far',
  'denied',
]);

/** Gauges and counters that are read from the server when the metrics are asked for. */
function addReadings(registry: Registry, read: () => ServerStats | undefined): void {
  const registers = [registry];
  const addGauge = (name: string, help: string, valueOf: (stats: ServerStats) => number): void => {
    const gauge: Gauge = new Gauge({
      name: `roomful_${name}`,
      help,
      registers,
      collect() {
        const stats = read();
        if (stats) gauge.set(valueOf(stats));
      },
    });
  };
  const addTotal = (name: string, help: string, valueOf: (stats: ServerStats) => number): void => {
    const counter: Counter = new Counter({
      name: `roomful_${name}_total`,
      help,
      registers,
      collect() {
        const stats = read();
        counter.reset();
        if (stats) counter.inc(valueOf(stats));
      },
    });
  };
  addGauge('connections', 'Connections that are open.', (stats) => stats.connections);
  addGauge('rooms', 'Rooms with a member on this node.', (stats) => stats.rooms);
  addGauge('queued_bytes', 'Bytes that wait to be read by clients.', (stats) => stats.bytesQueued);
  addGauge('draining', '1 while this node asks its clients to move on.', (stats) => Number(stats.draining));
  addGauge('full', '1 while this node has as many connections as it may.', (stats) => Number(stats.full));
  addTotal('messages_in', 'Durable messages that clients sent.', (stats) => stats.messagesIn);
  addTotal(
    'messages_out',
    'Messages and broadcasts, for each member they went to.',
    (stats) => stats.messagesOut,
  );
}

/** Counters and histograms that events of the server move on. */
function createMeter(registry: Registry): Meter {
  const registers = [registry];
  const closeCounter = new Counter({
    name: 'roomful_disconnects_total',
    help: 'Connections that ended, by close code.',
    labelNames: ['code'],
    registers,
  });
  const joinCounter = new Counter({
    name: 'roomful_joins_total',
    help: 'Joins, by outcome: new, recovered, or why not.',
    labelNames: ['outcome'],
    registers,
  });
  const handedOnCounter = new Counter({
    name: 'roomful_handed_total',
    help: 'Requests of the HTTP fallback that were for another node: many of them are a balancer without affinity.',
    registers,
  });
  const addHistogram = (name: string, help: string): Histogram =>
    new Histogram({ name: `roomful_${name}_seconds`, help, buckets: durationBucketsSeconds, registers });
  const acknowledgementTimes = addHistogram(
    'acknowledgement',
    "From a durable message's turn to its receipt: handler and broker included.",
  );
  const appendTimes = addHistogram(
    'broker_append',
    'How long the broker took for an append: how far it lags.',
  );
  const pingTimes = addHistogram('ping', 'Round trips of the heartbeat.');
  return {
    connectionClosed(code) {
      // A client may choose among thousands of codes. Those without a meaning here count as one.
      closeCounter.inc({ code: knownCloseCodes.has(code) ? code : 'other' });
    },
    messageAcknowledged(ms) {
      acknowledgementTimes.observe(ms / 1_000);
    },
    appendAnswered(ms) {
      appendTimes.observe(ms / 1_000);
    },
    pongReceived(ms) {
      pingTimes.observe(ms / 1_000);
    },
    requestHandedOn() {
      handedOnCounter.inc();
    },
    roomJoined(outcome) {
      joinCounter.inc({ outcome: joinOutcomes.has(outcome) ? outcome : 'other' });
    },
  };
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  let readStats: (() => ServerStats) | null = null;
  collectDefaultMetrics({ register: registry });
  addReadings(registry, () => readStats?.());
  return {
    meter: createMeter(registry),
    observe(stats) {
      readStats = stats;
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
