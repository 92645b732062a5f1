// A list, with the selected item beside it.
import type { ReactElement, ReactNode } from 'react';

export function Split({
  list,
  detail,
}: {
  readonly list: ReactNode;
  readonly detail: ReactNode;
}): ReactElement {
  return (
    <div className="split">
      <div className="list">{list}</div>
      <section className="detail" tabIndex={0} aria-label="Details">
        {detail}
      </section>
    </div>
  );
}

export function Search({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactElement {
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      value={value}
      onChange={({ target }) => {
        onChange(target.value);
      }}
    />
  );
}
