// Where am I, who else is here, and who am I?
import { People } from './avatars.js';
import { IdentityForm } from './identity-form.js';
import { Logo } from './icons.js';
import type { Identity } from './rooms.js';
import { ThemeButton } from './theme-button.js';

export function Header({
  me,
  onChange,
}: {
  readonly me: Identity;
  readonly onChange: (me: Identity) => void;
}) {
  return (
    <header className="header">
      <h1 className="brand">
        <Logo /> Roomful
      </h1>
      <p className="tagline">Chat, cursors, prices and orders over one socket that comes back.</p>
      <People />
      {window.top === window && (
        <a className="twin-link" href="/?two">
          Two side by side
        </a>
      )}
      <ThemeButton />
      <IdentityForm me={me} onChange={onChange} />
    </header>
  );
}
