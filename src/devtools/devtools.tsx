// Puts the devtools into the page: a button and a dock, in a shadow root.
import { useCallback, useState, type ReactElement } from 'react';
import { createPortal } from 'react-dom';
import type { Client } from '../client/client.js';
import { useRealtime } from '../react/context.js';
import { Dock } from './dock.js';
import { loadPreferences, savePreferences, type Dock as Place, type Preferences } from './preferences.js';
import type { Recorder } from './recording/recorder.js';
import { styles } from './styles.js';
import { useRecorder } from './recording/use-recorder.js';

export interface RealtimeDevtoolsProps {
  /**
   * The client that the devtools show.
   *
   * @default the client of the nearest provider
   */
  readonly client?: Client;
  /**
   * True opens the panel at first. After that the browser remembers if it is open. A closed panel is a button in the
   * corner.
   *
   * @default false
   */
  readonly defaultOpen?: boolean;
  /**
   * The side of the window where the panel opens at first.
   *
   * @default 'bottom'
   */
  readonly defaultDock?: Place;
}

/**
 * Shows a panel with the connection over time, each event of the client's machine with the state before and after,
 * the frames in both directions, rooms, outbox and latency. Its buttons cause faults: they cut or stall the
 * connection, lose an ack, or let the token expire.
 *
 * It records while it is mounted. In a production build `roomful/devtools` is empty; import
 * `roomful/devtools/production` to have it there.
 *
 * @throws Error without a `client` and outside a provider
 *
 * @example
 * <RealtimeProvider url="wss://example.com/realtime">
 *   <App />
 *   <RealtimeDevtools />
 * </RealtimeProvider>
 */
export function RealtimeDevtools({ client, ...defaults }: RealtimeDevtoolsProps): ReactElement {
  return client ? <DevtoolsHost client={client} {...defaults} /> : <ProviderDevtools {...defaults} />;
}

type Defaults = Omit<RealtimeDevtoolsProps, 'client'>;

function ProviderDevtools(defaults: Defaults): ReactElement {
  return <DevtoolsHost client={useRealtime()} {...defaults} />;
}

function DevtoolsHost({ client, ...defaults }: Defaults & { readonly client: Client }): ReactElement {
  const [root, setRoot] = useState<ShadowRoot | null>(null);
  const recorder = useRecorder(client);
  const host = useCallback((element: HTMLElement | null) => {
    setRoot(element && (element.shadowRoot ?? element.attachShadow({ mode: 'open' })));
  }, []);
  return (
    <div ref={host} data-roomful-devtools="">
      {root &&
        recorder &&
        createPortal(
          <>
            <style>{styles}</style>
            <RememberedDock recorder={recorder} {...defaults} />
          </>,
          root,
        )}
    </div>
  );
}

function RememberedDock({
  recorder,
  defaultOpen = false,
  defaultDock = 'bottom',
}: Defaults & { readonly recorder: Recorder }): ReactElement {
  const [preferences, setPreferences] = useState(() =>
    loadPreferences({ open: defaultOpen, dock: defaultDock }),
  );
  const prefer = (patch: Partial<Preferences>): void => {
    const next = { ...preferences, ...patch };
    savePreferences(next);
    setPreferences(next);
  };
  return <Dock recorder={recorder} preferences={preferences} prefer={prefer} />;
}
