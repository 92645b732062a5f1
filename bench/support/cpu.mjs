// CPU time of other processes, as Linux counts it.
import { readFileSync } from 'node:fs';

/** CPU time that a process has used, in µs: the kernel counts it in hundredths of a second. */
export function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
