// The open panel: the connection's state, buttons for faults, and a tab for each view.
import { useId, useRef, type KeyboardEvent, type ReactElement } from 'react';
import { docks, tabNames, type Preferences, type TabName } from './preferences.js';
import type { Recorder, Recording } from './recording/recorder.js';
import { ConnectionTab } from './tabs/connection.js';
import { EventsTab } from './tabs/events.js';
import { FramesTab } from './tabs/frames.js';
import { OutboxTab } from './tabs/outbox.js';
import type { TabProps } from './tabs/props.js';
import { RoomsTab } from './tabs/rooms.js';
import { useRecording } from './recording/use-recorder.js';

interface PanelProps {
  readonly recorder: Recorder;
  readonly preferences: Preferences;
  readonly prefer: (patch: Partial<Preferences>) => void;
}

const tabs: Readonly<
  Record<TabName, { readonly title: string; readonly Tab: (props: TabProps) => ReactElement }>
> = {
  connection: { title: 'Connection', Tab: ConnectionTab },
  events: { title: 'Events', Tab: EventsTab },
  frames: { title: 'Frames', Tab: FramesTab },
  rooms: { title: 'Rooms', Tab: RoomsTab },
  outbox: { title: 'Outbox', Tab: OutboxTab },
};

function countOf(name: TabName, { state, moments, lines }: Recording): number | null {
  if (name === 'events') return moments.length;
  if (name === 'frames') return lines.length;
  if (name === 'rooms') return state.rooms.size;
  if (name !== 'outbox') return null;
  let entries = 0;
  for (const room of state.rooms.values()) entries += room.outbox.entries.size;
  return entries;
}

export function Panel({ recorder, preferences, prefer }: PanelProps): ReactElement {
  const recording = useRecording(recorder);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const status = recording.spans.at(-1)?.state.status ?? 'idle';
  const { Tab } = tabs[preferences.tab];
  const step = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!by) return;
    event.preventDefault();
    const next = (tabNames.indexOf(preferences.tab) + by + tabNames.length) % tabNames.length;
    prefer({ tab: tabNames[next] ?? 'connection' });
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
  };
  return (
    <>
      <header>
        <span className="status">
          <span className={`dot is-${status}`} aria-hidden="true" />
          {status}
        </span>
        <Faults recorder={recorder} />
        <span className="grow" />
        <label className="place">
          <span className="hidden">Dock</span>
          <select
            value={preferences.dock}
            onChange={({ target }) => {
              prefer({ dock: docks.find((dock) => dock === target.value) ?? 'bottom' });
            }}
          >
            {docks.map((dock) => (
              <option key={dock}>{dock}</option>
            ))}
          </select>
        </label>
        <button type="button" onClick={recorder.clear}>
          Clear
        </button>
        <button
          type="button"
          aria-label="Close devtools"
          onClick={() => {
            prefer({ open: false });
          }}
        >
          ✕
        </button>
      </header>
      <div role="tablist" aria-label="What to look at" ref={list}>
        {tabNames.map((name) => {
          const count = countOf(name, recording);
          const selected = name === preferences.tab;
          return (
            <button
              key={name}
              type="button"
              role="tab"
              id={`${id}-${name}`}
              aria-selected={selected}
              aria-controls={`${id}-panel`}
              tabIndex={selected ? 0 : -1}
              onKeyDown={step}
              onClick={() => {
                prefer({ tab: name });
              }}
            >
              {tabs[name].title}
              {count !== null && <span className="count">{count}</span>}
            </button>
          );
        })}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${preferences.tab}`} tabIndex={0}>
        <Tab recorder={recorder} recording={recording} />
      </div>
    </>
  );
}

function Faults({ recorder: { faults } }: { readonly recorder: Recorder }): ReactElement {
  return (
    <fieldset className="faults" aria-label="Faults on purpose">
      <button type="button" onClick={faults.cut} title="Breaks the connection, as a network that is gone">
        Cut
      </button>
      <button
        type="button"
        aria-pressed={faults.stalled}
        onClick={() => {
          faults.stall(!faults.stalled);
        }}
        title="Nothing passes in either direction, and neither end notices"
      >
        Stall
      </button>
      <button
        type="button"
        aria-pressed={faults.losing}
        onClick={faults.loseAck}
        title="The next acknowledgement is lost with the connection"
      >
        Lose next ack
      </button>
      <button type="button" onClick={faults.expireToken} title="As if the server refused the token">
        Expire token
      </button>
    </fieldset>
  );
}
