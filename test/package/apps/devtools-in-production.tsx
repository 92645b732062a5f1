// Developer tools that are wanted in production too.
import { RealtimeDevtools } from 'roomful/devtools/production';

export const Tools = () => <RealtimeDevtools defaultOpen />;
