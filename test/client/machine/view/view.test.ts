// The state as hooks see it.
import { expect, test } from 'vitest';
import { createViewer } from '../../../../src/client/machine/view/viewer.js';
import { machine } from '../../../support/machine/run.js';

const connectionOf = (client: ReturnType<typeof machine>) => createViewer()(client.state).connection;

test('a connection that is lost is shown in its first attempt to come back, and counts from there', () => {
  const client = machine({}, () => 0.999).live();
  client.dispatch({ type: 'lost', attempt: 1, code: 1006, reason: '' });
  expect(connectionOf(client)).toMatchObject({ status: 'reconnecting', attempt: 1 });
  client.pass(500);
  expect(client.state.connection.status).toBe('opening');
  expect(connectionOf(client)).toMatchObject({ status: 'reconnecting', attempt: 1 });
  client.dispatch({ type: 'lost', attempt: 2, code: 1006, reason: '' }).pass(1_000);
  expect(connectionOf(client)).toMatchObject({ status: 'reconnecting', attempt: 2 });
});
