// The process that is measured: one server, by name. Says its port, and ends with whoever started it, or after two minutes.

const [name, library] = process.argv.slice(2);
setTimeout(() => process.exit(1), 120_000).unref();
process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume();
process.on('SIGTERM', () => process.exit(0));

const { start } = await import(`./servers/${name}.mjs`);
console.log(await start(library));
