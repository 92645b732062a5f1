// A node in a process of its own: one server over Redis. Says its port, then the CPU time that it has used whenever it is asked.
import { answerParent } from '../support/child.mjs';
import { requireFromRoot } from '../support/places.mjs';

const [name, adapter, redisPort, library] = process.argv.slice(2);
const { createClient } = requireFromRoot('redis');
const client = createClient({
  socket: { port: Number(redisPort), host: '127.0.0.1', reconnectStrategy: 50 },
});
client.on('error', () => undefined);
await client.connect();

// A publish that fails with its connection rejects with nobody there to hear it in socket.io's adapters: the process goes on, so that the loss is counted.
process.on('unhandledRejection', () => undefined);

const { start } = await import(`./servers/${name}.mjs`);
const port = await start({ client, adapter, library });

answerParent({ port }, () => {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system };
});
