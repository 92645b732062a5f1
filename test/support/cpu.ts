// How much of the CPU's time something takes: the machine may have other work, which the clock would count as well.

/** What this process has taken since it began, in ms. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
