// Light, dark, or what the system says: kept for the next visit, and for a demo in the other half of the window.
export type Theme = 'system' | 'light' | 'dark';

const key = 'roomful-demo-theme';
const schemes: Readonly<Record<Theme, string>> = { system: 'light dark', light: 'light', dark: 'dark' };
export const themes: readonly Theme[] = ['system', 'light', 'dark'];
const watchers = new Set<() => void>();

const read = (): Theme => themes.find((it) => it === localStorage.getItem(key)) ?? 'system';
let current = read();

const apply = (): void => {
  current = read();
  document.documentElement.style.colorScheme = schemes[current];
  for (const watcher of watchers) watcher();
};

export const theme = {
  get: (): Theme => current,
  set(next: Theme): void {
    localStorage.setItem(key, next);
    apply();
  },
  subscribe(watcher: () => void): () => void {
    watchers.add(watcher);
    return () => {
      watchers.delete(watcher);
    };
  },
};

apply();
addEventListener('storage', ({ key: changed }) => {
  if (changed === key) apply();
});
