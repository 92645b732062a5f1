// The options of a server with their defaults filled in.
import type { Codec } from '../protocol/codec.js';
import type { Broker } from './broker/broker.js';
import type { ConnectionLimits } from './connection/connection-limits.js';
import type { FrameSettings } from './frames/context.js';

/** What the parts of the server read of its options. Handlers of frames see {@link FrameSettings} only. */
export interface Settings extends FrameSettings {
  readonly broker: Broker;
  readonly origins: readonly string[] | null;
  readonly connections: ConnectionLimits;
  readonly codecs: readonly Codec[];
  readonly helloTimeout: number;
}
