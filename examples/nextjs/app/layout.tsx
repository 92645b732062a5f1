import type { ReactNode } from 'react';
import { Providers } from './providers';

export const metadata = { title: 'Roomful and Next.js' };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <Providers>{children}</Providers>
      </body>
    </html>
  );
}
