// Two people in one window: the demo twice, each with a name, a network and an outbox of its own.
import { Logo } from './icons.js';

const sides = ['left', 'right'] as const;

export function SideBySide() {
  return (
    <div className="twins">
      <header className="twins-header">
        <h1 className="brand">
          <Logo /> Roomful, for two
        </h1>
        <a href="/">Only one</a>
      </header>
      {sides.map((side) => (
        <iframe key={side} title={`The ${side} one`} src={`/?as=${side}`} />
      ))}
    </div>
  );
}
