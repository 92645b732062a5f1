// Where a story plays: a window for each person, the network of each, and what happens beside them.
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useId,
  useState,
  useSyncExternalStore,
  type ReactElement,
  type ReactNode,
} from 'react';
import { RealtimeProvider, useConnectionState } from 'roomful';
import type { TestUser } from 'roomful/testing';
import { applyNetwork, applyServer, applyToken } from './apply.js';
import { ConditionsContext } from './conditions.js';
import { EventLog } from './event-log.js';
import { enter } from './stage-of.js';
import { createStageWorld, type StageSetup, type StageWorld } from './world.js';
import './kit.css';

const PersonContext = createContext('Ada');
/** Whose window this is. */
export const usePerson = (): string => useContext(PersonContext);
const WorldContext = createContext<StageWorld | null>(null);

/** The world of the story, for buttons that speak for others. */
export function useStage(): StageWorld {
  const stage = useContext(WorldContext);
  if (!stage) throw new Error('not on a stage');
  return stage;
}

/** React subscribes on mount and, under StrictMode, once more after giving the first up: each world that was made is closed. */
function stageStore(
  setup: StageSetup,
  codec: 'json' | 'msgpack',
): { readonly subscribe: () => () => void; readonly get: () => StageWorld | null } {
  let made: StageWorld | null = null;
  return {
    subscribe() {
      const own = createStageWorld(setup, codec);
      made = own;
      return () => {
        if (made === own) made = null;
        void own.world.close();
      };
    },
    get: () => made,
  };
}

export interface StageProps {
  readonly setup: StageSetup;
  readonly children: ReactNode;
  /** What stands beside the windows, such as buttons that speak for others. */
  readonly aside?: ReactNode;
}

export function Stage({ setup, children, aside }: StageProps): ReactElement | null {
  const { network, server, token, codec } = useContext(ConditionsContext);
  const [store] = useState(() => stageStore(setup, codec));
  const stage = useSyncExternalStore(store.subscribe, store.get, store.get);
  useEffect(() => (stage ? applyNetwork(stage, network) : undefined), [stage, network]);
  useEffect(() => (stage ? applyServer(stage, server) : undefined), [stage, server]);
  useEffect(() => (stage ? applyToken(stage, token) : undefined), [stage, token]);
  const place = useCallback(
    (element: HTMLElement | null) => {
      if (element && stage) enter(element, stage);
    },
    [stage],
  );
  if (!stage) return null;
  const { people = ['Ada'], log } = setup;
  return (
    <WorldContext value={stage}>
      <main className="stage" ref={place} data-stage="">
        {people.map((person) => (
          <RealtimeProvider key={person} client={stage.user(person).client}>
            <PersonContext value={person}>
              <Window person={person} user={stage.user(person)}>
                {children}
              </Window>
            </PersonContext>
          </RealtimeProvider>
        ))}
        {aside !== undefined && (
          <section className="aside" aria-label="Others">
            {aside}
          </section>
        )}
        {log !== undefined && <EventLog person={log} client={stage.user(log).client} />}
      </main>
    </WorldContext>
  );
}

const words = {
  idle: 'Idle',
  connecting: 'Connecting',
  authenticating: 'Signing in',
  connected: 'Connected',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  'needs-auth': 'Needs a sign-in',
  closed: 'Closed',
} as const;

function Window({
  person,
  user,
  children,
}: {
  readonly person: string;
  readonly user: TestUser;
  readonly children: ReactNode;
}): ReactElement {
  const heading = useId();
  const status = useConnectionState((state) => state.status);
  return (
    <section className="window" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>{person}</h2>
        <span className="chip" data-status={status}>
          {words[status]}
        </span>
        <NetworkSwitch person={person} user={user} />
      </header>
      <div className="inside">{children}</div>
    </section>
  );
}

function NetworkSwitch({ person, user }: { readonly person: string; readonly user: TestUser }): ReactElement {
  const { watch, isCut } = useStage();
  const up = useSyncExternalStore(watch, () => !isCut(person));
  const toggle = (): void => {
    if (up) user.network.cut();
    else user.network.restore();
  };
  return (
    <button type="button" className="switch" role="switch" aria-checked={up} onClick={toggle}>
      Network
    </button>
  );
}
