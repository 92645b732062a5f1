// The page's few drawings.
import type { ReactNode } from 'react';

function Icon({ children }: { readonly children: ReactNode }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const CutIcon = () => (
  <Icon>
    <path d="M3 8a10.5 10.5 0 0 1 3-2.1M17 8a10.5 10.5 0 0 0-5.6-2.9M6 11.4a6 6 0 0 1 2.2-1.3M10 15.2h.01M3.5 3l13 14" />
  </Icon>
);
export const SignalIcon = () => (
  <Icon>
    <path d="M3 8a10.4 10.4 0 0 1 14 0M6 11.4a6 6 0 0 1 8 0M10 15.2h.01" />
  </Icon>
);
export const RestartIcon = () => (
  <Icon>
    <path d="M16.2 9A6.3 6.3 0 1 0 15 13.8M16.6 4.6V9h-4.4" />
  </Icon>
);
export const SendIcon = () => (
  <Icon>
    <path d="m3.5 10 13-6.5-4.3 13-2.6-5.1zM9.6 11.4l3-3" />
  </Icon>
);

export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="#4c5fd5" />
      <circle cx="12" cy="13" r="4.5" fill="white" />
      <circle cx="21" cy="19" r="4.5" fill="white" fillOpacity=".65" />
    </svg>
  );
}
