// The dock: it opens, closes, moves and resizes the panel.
import {
  useEffect,
  useRef,
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  type RefObject,
} from 'react';
import { Panel } from './panel.js';
import { sizeLimits, type Preferences } from './preferences.js';
import { useRecording } from './recording/use-recorder.js';
import type { Recorder } from './recording/recorder.js';

interface DockProps {
  readonly recorder: Recorder;
  readonly preferences: Preferences;
  readonly prefer: (patch: Partial<Preferences>) => void;
}

export function Dock({ recorder, preferences, prefer }: DockProps): ReactElement {
  const { open, dock, size } = preferences;
  const place = useRef<HTMLElement>(null);
  const before = useRef(open);
  // The focus follows, so that a person who opens or closes the panel by keyboard goes on from there.
  useEffect(() => {
    if (before.current !== open) place.current?.focus();
    before.current = open;
  }, [open]);
  if (!open)
    return (
      <Opener
        place={place}
        recorder={recorder}
        onOpen={() => {
          prefer({ open: true });
        }}
      />
    );
  return (
    <section
      ref={place}
      tabIndex={-1}
      className={`dock dock-${dock}`}
      aria-label="Roomful devtools"
      style={dock === 'bottom' ? { height: `${size}vh` } : { width: `${size}vw` }}
    >
      <Edge preferences={preferences} prefer={prefer} />
      <Panel recorder={recorder} preferences={preferences} prefer={prefer} />
    </section>
  );
}

function Opener({
  place,
  recorder,
  onOpen,
}: {
  readonly place: RefObject<HTMLElement | null>;
  readonly recorder: Recorder;
  readonly onOpen: () => void;
}): ReactElement {
  const { spans } = useRecording(recorder);
  const status = spans.at(-1)?.state.status ?? 'idle';
  return (
    <button
      ref={place as RefObject<HTMLButtonElement | null>}
      type="button"
      className="opener"
      onClick={onOpen}
      aria-label={`Open Roomful devtools: ${status}`}
    >
      <span className={`dot is-${status}`} aria-hidden="true" />
      Roomful
    </button>
  );
}

/** The edge that resizes the panel, by pointer or by arrow keys. */
function Edge({ preferences: { dock, size }, prefer }: Omit<DockProps, 'recorder'>): ReactElement {
  const held = useRef(false);
  const resize = (percent: number): void => {
    prefer({ size: Math.round(Math.min(sizeLimits.max, Math.max(sizeLimits.min, percent))) });
  };
  const move = ({ clientX, clientY }: PointerEvent): void => {
    if (!held.current) return;
    const share =
      dock === 'bottom'
        ? 1 - clientY / innerHeight
        : dock === 'left'
          ? clientX / innerWidth
          : 1 - clientX / innerWidth;
    resize(share * 100);
  };
  const press = (event: KeyboardEvent): void => {
    const larger = dock === 'bottom' ? 'ArrowUp' : dock === 'left' ? 'ArrowRight' : 'ArrowLeft';
    const smaller = dock === 'bottom' ? 'ArrowDown' : dock === 'left' ? 'ArrowLeft' : 'ArrowRight';
    if (event.key === larger) resize(size + 5);
    else if (event.key === smaller) resize(size - 5);
    else return;
    event.preventDefault();
  };
  return (
    <button
      type="button"
      className="edge"
      aria-label={`Size of the devtools: ${size} percent of the window. Arrow keys change it.`}
      onKeyDown={press}
      onPointerDown={(event) => {
        held.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={move}
      onPointerUp={() => {
        held.current = false;
      }}
      onPointerCancel={() => {
        held.current = false;
      }}
    />
  );
}
