// The panel's place in the page: a button, and a dock that can be moved and resized, in a shadow root of its own.
import { useCallback, useState, type ReactElement } from 'react';
import { createPortal } from 'react-dom';
import type { Client } from '../client/client.js';
import { useRealtime } from '../react/context.js';
import { Dock } from './dock.js';
import { loadPreferences, savePreferences, type Dock as Place, type Preferences } from './preferences.js';
import type { Recorder } from './recorder.js';
import { styles } from './styles.js';
import { useRecorder } from './use-recorder.js';

export interface RealtimeDevtoolsProps {
  /** The client to look into. Default: that of the provider around it. */
  readonly client?: Client;
  /** Whether it is open where nobody has opened or closed it yet. Default false: a button in the corner. */
  readonly defaultOpen?: boolean;
  /** Where it is docked at first. Default `'bottom'`. */
  readonly defaultDock?: Place;
}

/**
 * Developer tools for a client: its connection over time, every event of its machine with the state before and after, frames both ways, rooms, outbox and latency, and faults on purpose
 * (cut, stall, a lost acknowledgement, an expired token). It records while it is mounted, and costs nothing otherwise. Of `roomful/devtools` a production build gets nothing at all;
 * `roomful/devtools/production` is there in every build.
 *
 * @throws Error outside a provider, without a `client`.
 */
export function RealtimeDevtools({ client, ...defaults }: RealtimeDevtoolsProps): ReactElement {
  return client ? <Rooted client={client} {...defaults} /> : <OfProvider {...defaults} />;
}

type Defaults = Omit<RealtimeDevtoolsProps, 'client'>;

function OfProvider(defaults: Defaults): ReactElement {
  return <Rooted client={useRealtime()} {...defaults} />;
}

function Rooted({ client, ...defaults }: Defaults & { readonly client: Client }): ReactElement {
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
            <Placed recorder={recorder} {...defaults} />
          </>,
          root,
        )}
    </div>
  );
}

function Placed({
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
