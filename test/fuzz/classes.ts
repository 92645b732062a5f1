// Every class of attack there is.
import type { AttackClass } from './attack.js';
import { messagePackBombs } from './bombs.js';
import { bounds } from './bounds.js';
import { compressed } from './compressed.js';
import { floods } from './floods.js';
import { fragments } from './fragments.js';
import { framing } from './framing.js';
import { jsonHell } from './json-hell.js';
import { jsonMutants, messagePackMutants } from './mutants.js';
import { objectNames } from './names.js';
import { silent } from './silent.js';
import { resets, upgrades } from './upgrades.js';

export const classes: readonly AttackClass[] = [
  silent,
  messagePackBombs,
  messagePackMutants,
  jsonMutants,
  jsonHell,
  objectNames,
  compressed,
  fragments,
  floods,
  framing,
  upgrades,
  resets,
  bounds,
];
