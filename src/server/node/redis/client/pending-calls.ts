// Questions to Redis that are not answered yet. Each is answered in time or fails, and fails at once while Redis
// is away.
import { BrokerUnavailable } from '../../../broker/broker.js';
import type { ServerPorts } from '../../../ports/ports.js';
import type { RedisConnection } from './port.js';

/** How long Redis may take to answer, in ms. */
const answerTimeoutMs = 5_000;
/** The calls that Redis has not answered, at most. Beyond that, Redis counts as away. */
const maxPendingCalls = 20_000;
/** The bytes of these calls, at most. */
const maxPendingBytes = 2 ** 26;
/** After Redis did not answer in time, one call in this time tries it again, in ms. */
const probeEveryMs = 1_000;

/** A call that Redis has not answered. */
interface PendingCall {
  readonly bytes: number;
  giveUp(): void;
}

export class PendingCalls {
  private readonly redis: RedisConnection;
  private readonly ports: Pick<ServerPorts, 'monotonicNow' | 'setTimer'>;
  private readonly calls = new Set<PendingCall>();
  private bytes = 0;
  /** Whether Redis did not answer a call in time, and none since. */
  private isLate = false;
  private probeAt = 0;

  constructor(redis: RedisConnection, ports: Pick<ServerPorts, 'monotonicNow' | 'setTimer'>) {
    this.redis = redis;
    this.ports = ports;
  }

  /** Whether Redis is there, and answered its last call in time. */
  get isHealthy(): boolean {
    return this.redis.isReady() && !this.isLate;
  }

  /**
   * Makes a call. Rejects with {@link BrokerUnavailable} and nothing else. Whether the call took effect is not
   * known then.
   */
  async ask<T>(call: () => Promise<T>, bytes: number): Promise<T> {
    const now = this.ports.monotonicNow();
    if (!this.mayAsk(bytes, now)) throw new BrokerUnavailable('Redis is away');
    if (this.isLate) this.probeAt = now + probeEveryMs;
    try {
      return await this.answerOf(call(), bytes);
    } catch (error) {
      throw error instanceof BrokerUnavailable
        ? error
        : new BrokerUnavailable('Redis failed', { cause: error });
    }
  }

  /** Fails every call that waits: none of them will be answered. */
  giveUpAll(): void {
    for (const pendingCall of this.calls) {
      this.forget(pendingCall);
      pendingCall.giveUp();
    }
  }

  private mayAsk(bytes: number, now: number): boolean {
    const { calls } = this;
    return (
      this.redis.isReady() &&
      calls.size < maxPendingCalls &&
      (calls.size === 0 || this.bytes + bytes <= maxPendingBytes) &&
      (!this.isLate || now >= this.probeAt)
    );
  }

  private answerOf<T>(answer: Promise<T>, bytes: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const cancel = this.ports.setTimer(answerTimeoutMs, () => {
        this.isLate = true;
        reject(new BrokerUnavailable('Redis did not answer in time'));
      });
      const pendingCall: PendingCall = {
        bytes,
        giveUp: () => {
          cancel();
          reject(new BrokerUnavailable('the connection to Redis broke'));
        },
      };
      this.calls.add(pendingCall);
      this.bytes += bytes;
      // The client library holds the call until it is answered or its connection ends. It counts for that long,
      // even if its caller waits no longer.
      answer.then(
        (value) => {
          this.isLate = false;
          this.forget(pendingCall);
          cancel();
          resolve(value);
        },
        (error: unknown) => {
          this.forget(pendingCall);
          cancel();
          reject(error as Error);
        },
      );
    });
  }

  private forget(pendingCall: PendingCall): void {
    if (this.calls.delete(pendingCall)) this.bytes -= pendingCall.bytes;
  }
}
