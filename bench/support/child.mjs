// Programs in processes of their own, which answer one question at a time and end with whoever started them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Calls `call` with what the program said first, and a function that asks it something. `pin`: puts it on a core. */
export async function withChild(script, args, call, { pin = (command) => command, nodeArgs = [] } = {}) {
  const [command, ...rest] = pin([process.execPath, ...nodeArgs, script, ...args.map(String)]);
  const child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  const heard = async () => {
    const said = await Promise.race([once(child, 'message'), ended.then(() => null)]);
    if (!said) throw new Error(`${args[0]} ended before it answered`);
    if (said[0]?.failed) throw new Error(said[0].failed);
    return said[0];
  };
  try {
    const first = await heard();
    return await call({
      first,
      pid: child.pid,
      ask(question) {
        const answer = heard();
        child.send(question);
        return answer;
      },
    });
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** The other side: says `first`, answers each question, and ends when nobody is there to ask. */
export function answerParent(first, answer) {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (question) => {
    Promise.resolve(answer(question)).then(
      (it) => process.send(it),
      (error) => process.send({ failed: String(error?.stack ?? error) }),
    );
  });
  process.send(first);
}
