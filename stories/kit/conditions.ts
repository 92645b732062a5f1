// What the toolbar sets, for every story: the network, the server, the token, the codec.
import { createContext } from 'react';

export interface Conditions {
  readonly network: 'good' | '3g' | 'lossy' | 'offline' | 'half-open';
  readonly server: 'up' | 'draining' | 'down';
  readonly token: 'valid' | 'expired';
  readonly codec: 'json' | 'msgpack';
}

export const fair: Conditions = { network: 'good', server: 'up', token: 'valid', codec: 'json' };

/** The menus of the toolbar, as Storybook wants them. */
export const menus = {
  network: {
    description: 'The network between every client and the server',
    toolbar: {
      title: 'Network',
      icon: 'globe',
      items: ['good', '3g', 'lossy', 'offline', 'half-open'],
      dynamicTitle: true,
    },
  },
  server: {
    description: 'The server',
    toolbar: { title: 'Server', icon: 'database', items: ['up', 'draining', 'down'], dynamicTitle: true },
  },
  token: {
    description: 'The token of every client',
    toolbar: { title: 'Token', icon: 'key', items: ['valid', 'expired'], dynamicTitle: true },
  },
  codec: {
    description: 'What client and server speak',
    toolbar: { title: 'Codec', icon: 'transfer', items: ['json', 'msgpack'], dynamicTitle: true },
  },
} as const;

export const ConditionsContext = createContext<Conditions>(fair);
