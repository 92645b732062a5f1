// What stands above every table: on what it was measured, and how.

export function sayHow({ machine, versions, setting: { rounds, cores }, busy }, how) {
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.system}, Node ${machine.node}`,
  );
  console.log(
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version ?? '(not installed)'}`)
      .join(', '),
  );
  console.log(`${how}; ${rounds} ${rounds === 1 ? 'round' : 'interleaved rounds: medians (min–max)'}`);
  const where =
    cores === undefined
      ? ''
      : cores
        ? `server on core ${cores[0]}, load on core ${cores[1]}; `
        : 'server and load not pinned to cores; ';
  console.log(`${where}load average ${busy.before} before, ${busy.after} after`);
}
