'use client';
import type { ReactNode } from 'react';
import { RealtimeProvider } from 'roomful';

export const Providers = ({ children }: { children: ReactNode }) => (
  <RealtimeProvider url={() => `${location.origin.replace(/^http/, 'ws')}/realtime`}>
    {children}
  </RealtimeProvider>
);
