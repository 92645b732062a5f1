// The process that is measured: one server, by its file. Says its port, then what it holds and has used whenever it is asked.
import { answerParent } from '../support/child.mjs';

const [file, library] = process.argv.slice(2);
const { start } = await import(file);
const port = await start(library);

function memory() {
  // What was garbage at the first pass may hold memory until the second.
  globalThis.gc();
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
}

answerParent({ port }, (what) => (what === 'memory' ? memory() : process.cpuUsage()));
