// socket.io with its MessagePack parser.
import { requireFromBench } from '../../support/places.mjs';
import { start as startWith } from './socket.io.mjs';

export const start = (library) =>
  startWith(library, { parser: requireFromBench('socket.io-msgpack-parser') });
