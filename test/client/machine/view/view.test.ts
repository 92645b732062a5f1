// The state as hooks see it.
import { expect, test } from 'vitest';
import { createViewer } from '../../../../src/client/machine/view/viewer.js';
import { machine } from '../../../support/machine/run.js';

const connectionOf = (it: ReturnType<typeof machine>) => createViewer()(it.state).connection;

test('a connection that is lost is shown in its first attempt to come back, and counts from there', () => {
  const it = machine({}, () => 0.999).live();
  it.dispatch({ type: 'lost', attempt: 1, code: 1006, reason: '' });
  expect(connectionOf(it)).toMatchObject({ status: 'reconnecting', attempt: 1 });
  it.pass(500);
  expect(it.state.connection.status).toBe('opening');
  expect(connectionOf(it)).toMatchObject({ status: 'reconnecting', attempt: 1 });
  it.dispatch({ type: 'lost', attempt: 2, code: 1006, reason: '' }).pass(1_000);
  expect(connectionOf(it)).toMatchObject({ status: 'reconnecting', attempt: 2 });
});
