// Which rooms there are: handed to `roomful serve --rooms`. Yours replace these.
import { serve } from 'roomful/server';

export const rooms = [
  // Everybody who is let in may be in the lobby; nothing is checked.
  serve('lobby', { history: { limit: 500 } }),
];
