// The process that is measured: one server, by its file. Says its port, and ends with whoever started it, or after five minutes.

const [file, library] = process.argv.slice(2);
setTimeout(() => process.exit(1), 300_000).unref();
process.stdin
  .on('end', () => process.exit(0))
  .on('error', () => process.exit(0))
  .resume();
process.on('SIGTERM', () => process.exit(0));

const { start } = await import(file);
console.log(await start(library));
