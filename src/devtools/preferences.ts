// How the panel was left, kept in the browser where that is allowed.
export type Dock = 'bottom' | 'left' | 'right';
export type TabName = 'connection' | 'events' | 'frames' | 'rooms' | 'outbox';

export interface Preferences {
  readonly open: boolean;
  readonly dock: Dock;
  /** Of the window, in percent. */
  readonly size: number;
  readonly tab: TabName;
}

const name = 'roomful.devtools';
export const docks: readonly Dock[] = ['bottom', 'left', 'right'];
export const tabNames: readonly TabName[] = ['connection', 'events', 'frames', 'rooms', 'outbox'];
export const sizes = { least: 20, most: 90 } as const;

export function loadPreferences(first: Partial<Preferences>): Preferences {
  const fallback: Preferences = { open: false, dock: 'bottom', size: 45, tab: 'connection', ...first };
  try {
    const known = JSON.parse(localStorage.getItem(name) ?? '{}') as Partial<
      Record<keyof Preferences, unknown>
    >;
    return {
      open: typeof known.open === 'boolean' ? known.open : fallback.open,
      dock: docks.find((it) => it === known.dock) ?? fallback.dock,
      size:
        typeof known.size === 'number' && known.size >= sizes.least && known.size <= sizes.most
          ? known.size
          : fallback.size,
      tab: tabNames.find((it) => it === known.tab) ?? fallback.tab,
    };
  } catch {
    // No storage, or not ours: the panel opens as it was told to.
    return fallback;
  }
}

export function savePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(name, JSON.stringify(preferences));
  } catch {
    // It is forgotten with the page.
  }
}
