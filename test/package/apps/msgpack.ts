// The MessagePack codec alone.
import { msgpack, type Codec } from 'roomful/msgpack';

const codec: Codec = msgpack();
export const again: unknown[] = codec.decode(codec.encode([1, 'two', Uint8Array.of(3)]));
