// `roomful/devtools` in a production build, where it does nothing.
import type { RealtimeDevtoolsProps } from './devtools.js';

export const RealtimeDevtools = (_props: RealtimeDevtoolsProps): null => null;

export const reduxDevtools = (): (() => void) => () => undefined;
