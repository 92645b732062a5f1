// The process that is measured: one server, by name. Says its port, then its memory whenever it is asked, and ends with whoever started it.

const [name, library] = process.argv.slice(2);
process.on('disconnect', () => process.exit(0));

const { start } = await import(`../fanout/servers/${name}.mjs`);
const port = await start(library);

process.on('message', () => {
  // What was garbage at the first pass may hold memory until the second.
  globalThis.gc();
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send({ rss, heapUsed, external });
});
process.send({ port });
