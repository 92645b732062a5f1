// What am I called, and which colour is mine?
import { useRealtime } from 'roomful';
import type { FormEvent } from 'react';
import { Avatar } from './avatars.js';
import { colours, saveIdentity } from './identity.js';
import { identitySchema, type Identity } from './rooms.js';

export function IdentityForm({
  me,
  onChange,
}: {
  readonly me: Identity;
  readonly onChange: (me: Identity) => void;
}) {
  const client = useRealtime();
  const save = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const read = identitySchema.safeParse({ id: me.id, ...Object.fromEntries(new FormData(form)) });
    if (!read.success) return;
    saveIdentity(read.data);
    onChange(read.data);
    form.hidePopover();
    // The name on messages is the token's: only a new connection shows the server another one.
    client.reconnect();
  };
  return (
    <>
      <button type="button" className="me" popoverTarget="identity">
        <Avatar name={me.name} colour={me.colour} />
        <span className="unseen">You are </span>
        <span className="name">{me.name}</span>
      </button>
      <form id="identity" className="identity" popover="auto" aria-label="Who you are" onSubmit={save}>
        <label className="field">
          <span>Your name</span>
          <input
            name="name"
            defaultValue={me.name}
            required
            maxLength={32}
            pattern=".*\S.*"
            title="At least one letter"
            autoComplete="off"
          />
        </label>
        <fieldset className="field">
          <legend>Your colour</legend>
          <div className="swatches">
            {colours.map(({ name, value }) => (
              <label key={value} title={name} style={{ backgroundColor: value }}>
                <input type="radio" name="colour" value={value} defaultChecked={value === me.colour} />
                <span className="unseen">{name}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <button type="submit" className="button primary">
          Save
        </button>
      </form>
    </>
  );
}
