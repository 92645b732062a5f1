// Developer tools, which a production build leaves out.
import { RealtimeDevtools, reduxDevtools } from 'roomful/devtools';

export const Tools = () => <RealtimeDevtools defaultDock="right" />;
export { reduxDevtools };
