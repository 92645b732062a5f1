// Who is this visitor? A friendly name and a colour, kept for as long as the tab is.
import { identitySchema, type Identity } from './rooms.js';

export interface Colour {
  readonly name: string;
  readonly value: string;
}

/** White text on any of them has a contrast of 4.5 or more. */
export const colours: readonly Colour[] = [
  { name: 'Indigo', value: '#4c5fd5' },
  { name: 'Violet', value: '#8b3fc4' },
  { name: 'Rose', value: '#c2255c' },
  { name: 'Rust', value: '#b5480b' },
  { name: 'Olive', value: '#5f6f0a' },
  { name: 'Green', value: '#237a36' },
  { name: 'Teal', value: '#0b7285' },
  { name: 'Slate', value: '#566173' },
];

/** Two in one window share what the tab keeps: each has a name of its own there. */
const key = ['roomful-demo', new URLSearchParams(location.search).get('as')].filter(Boolean).join(':');
const adjectives = ['Calm', 'Bright', 'Swift', 'Quiet', 'Merry', 'Bold', 'Gentle', 'Curious'];
const animals = ['Otter', 'Heron', 'Lynx', 'Wren', 'Badger', 'Fox', 'Hare', 'Seal'];

const oneOf = <T>(list: readonly T[], fallback: T): T =>
  list[Math.floor(Math.random() * list.length)] ?? fallback;

const invented = (): Identity => ({
  // Not randomUUID: a page opened from another machine by plain http has none.
  id: Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join(''),
  name: `${oneOf(adjectives, 'Calm')} ${oneOf(animals, 'Otter')}`,
  colour: oneOf(
    colours.map(({ value }) => value),
    '#4c5fd5',
  ),
});

export function saveIdentity(identity: Identity): void {
  sessionStorage.setItem(key, JSON.stringify(identity));
}

export function loadIdentity(): Identity {
  try {
    return identitySchema.parse(JSON.parse(sessionStorage.getItem(key) ?? ''));
  } catch {
    const identity = invented();
    saveIdentity(identity);
    return identity;
  }
}
