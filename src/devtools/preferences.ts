// The place and the size of the panel, which the browser remembers.

export type Dock = 'bottom' | 'left' | 'right';
export type TabName = 'connection' | 'events' | 'frames' | 'rooms' | 'outbox';

export interface Preferences {
  readonly open: boolean;
  readonly dock: Dock;
  /** The share of the window, in percent. */
  readonly size: number;
  readonly tab: TabName;
}

const storageKey = 'roomful.devtools';
export const docks: readonly Dock[] = ['bottom', 'left', 'right'];
export const tabNames: readonly TabName[] = ['connection', 'events', 'frames', 'rooms', 'outbox'];
/** The smallest and the largest size of the panel, in percent of the window. */
export const sizeLimits = { min: 20, max: 90 } as const;

export function loadPreferences(first: Partial<Preferences>): Preferences {
  const fallback: Preferences = { open: false, dock: 'bottom', size: 45, tab: 'connection', ...first };
  try {
    const known = JSON.parse(localStorage.getItem(storageKey) ?? '{}') as Partial<
      Record<keyof Preferences, unknown>
    >;
    return {
      open: typeof known.open === 'boolean' ? known.open : fallback.open,
      dock: docks.find((dock) => dock === known.dock) ?? fallback.dock,
      size:
        typeof known.size === 'number' && known.size >= sizeLimits.min && known.size <= sizeLimits.max
          ? known.size
          : fallback.size,
      tab: tabNames.find((tab) => tab === known.tab) ?? fallback.tab,
    };
  } catch {
    // The browser allows no storage, or it holds something else: the panel opens with its defaults.
    return fallback;
  }
}

export function savePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(preferences));
  } catch {
    // The browser allows no storage: the preferences last as long as the page.
  }
}
