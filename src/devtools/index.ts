// `roomful/devtools`: a panel to look into a client, and the Redux DevTools.
export { RealtimeDevtools } from './devtools.js';
export { reduxDevtools } from './redux.js';
export type { RealtimeDevtoolsProps } from './devtools.js';
