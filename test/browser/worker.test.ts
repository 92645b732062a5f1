// The client in a dedicated worker, which has frames and sockets but neither a document nor a window.
import { expect, onTestFinished, test } from 'vitest';
import { startServer, until } from './page.js';

test('a client in a worker connects, sends and hears', async () => {
  const server = await startServer();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  onTestFinished(() => {
    worker.terminate();
  });
  const said: unknown[] = [];
  worker.addEventListener('message', ({ data }) => said.push(data));
  worker.addEventListener('error', ({ message }) => said.push({ threw: message }));
  worker.postMessage(server.url);
  await until(() => {
    expect(said).toEqual([{ heard: 'from the worker' }]);
  });
});
