// Users, rooms, ids and keys that are named like what every object has. They are like any other, or are refused; nobody's prototype changes.
import { textFrame } from '../support/network/websocket-frames.js';
import { message, pit, stays, visitor, type Attack, type AttackClass } from './attack.js';
import type { Dice } from './dice.js';

export const objectKeys: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  'length',
  'then',
];
const poison: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Written as text: an object with such a key is none in this language. */
const raw =
  (what: string, text: string, answer?: string): ((dice: Dice) => Attack) =>
  (dice) => ({
    what,
    writes: [textFrame(text, { key: dice.bytes(4) })],
    frames: 1,
    outcome: stays,
    ...(answer !== undefined && { answer }),
  });

const made = (name: string, seq: number): readonly ((dice: Dice) => Attack)[] => [
  raw(
    `a presence with the key ${name}`,
    `[6,"${pit}",{"${name}":{"polluted":true}}]`,
    poison.has(name) ? 'invalid' : undefined,
  ),
  raw(
    `a presence that takes ${name} back`,
    `[6,"${pit}",{"${name}":null}]`,
    poison.has(name) ? 'invalid' : undefined,
  ),
  raw(`a message of the type ${name}`, `[4,"${pit}",${seq},"${name}","${name}",1,{"by":"${name}"}]`, '[23,'),
  raw(`a broadcast of the type ${name}`, `[5,"${pit}","${name}",1,"${name}"]`),
  raw(`a join of the room ${name}`, `[2,"${name}",null,0,{"${name}":1}]`, 'denied'),
  raw(`leaving the room ${name}`, `[3,"${name}"]`, `[22,"${name}"`),
  (dice) => ({
    what: `history of the room ${name}`,
    writes: [message(dice, 'json', [7, 1, name, null, 5])],
    frames: 1,
    outcome: stays,
    answer: 'not-joined',
  }),
];

export const objectNames: AttackClass = {
  threat: 'T12',
  name: 'names of every object',
  share: 0.01,
  least: objectKeys.length,
  visit(dice, number) {
    const name = objectKeys[number % objectKeys.length] ?? '';
    return {
      stage: 'talking',
      codec: 'json',
      ...visitor(dice, number),
      user: name,
      attacks: made(name, 1).map((make) => make(dice)),
    };
  },
};
