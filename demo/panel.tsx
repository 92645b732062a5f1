// What do the page's four parts look like from outside?
import { useId, type ReactNode } from 'react';

export function Panel({
  name,
  title,
  note,
  children,
}: {
  readonly name: string;
  readonly title: string;
  readonly note?: ReactNode;
  readonly children: ReactNode;
}) {
  const heading = useId();
  return (
    <section className={`panel ${name}`} aria-labelledby={heading}>
      <header>
        <h2 id={heading}>{title}</h2>
        {note && <div className="note">{note}</div>}
      </header>
      {children}
    </section>
  );
}
