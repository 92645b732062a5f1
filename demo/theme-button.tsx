// Which colours?
import { useSyncExternalStore } from 'react';
import { theme, themes } from './theme.js';

const words = { system: 'Colours: as the system', light: 'Colours: light', dark: 'Colours: dark' } as const;
const signs = { system: '◐', light: '☀', dark: '☾' } as const;

export function ThemeButton() {
  const now = useSyncExternalStore(theme.subscribe, theme.get);
  const next = themes[(themes.indexOf(now) + 1) % themes.length] ?? 'system';
  return (
    <button
      type="button"
      className="button small"
      aria-label={words[now]}
      title={words[now]}
      onClick={() => {
        theme.set(next);
      }}
    >
      <span aria-hidden="true">{signs[now]}</span>
    </button>
  );
}
