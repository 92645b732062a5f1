// What a small deployment hands to `roomful serve --rooms`.
import { serve, type ServerOptions } from '../../../src/server/node/index.js';
import { line } from '../../e2e/processes/room.js';

export const rooms: ServerOptions['rooms'] = [serve(line, { history: { limit: 1_000_000 } }), serve('lobby')];
export const authenticate: ServerOptions['authenticate'] = ({ token }) =>
  token === null || token === 'eve' ? null : { id: token };
