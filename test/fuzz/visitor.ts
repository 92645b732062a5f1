// Makes one visit on a real socket, and says what did not come of it that should have.
import {
  rawConnection,
  upgradeHead,
  type Ending,
  type RawConnection,
} from '../support/network/raw-connection.js';
import { clientFrame, opcodes } from '../support/network/websocket-frames.js';
import { pongTo } from '../support/server/pong.js';
import { codecs, pit, type Attack, type Visit } from './attack.js';

/** How long the server is waited for, in ms: only what it never ends takes as long. */
const patience = 60_000;

export interface Report {
  /** The code of the close, 'cut' where there was none; 'stayed', 'reset'. */
  readonly end: string;
  readonly wrong: readonly string[];
  /** How long the answer to the last attack took, in ms. */
  readonly took: number;
}

/** There is no server to connect to any more. */
export class Gone extends Error {
  override readonly name = 'Gone';
}

let probes = 1_000_000;
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
const within = async <T>(ms: number, promise: Promise<T>): Promise<T | null> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      resolve(null);
    }, ms);
  });
  const first = await Promise.race([promise, late]);
  clearTimeout(timer);
  return first;
};

/** A port of an address may be taken for a while: then another address. */
async function arrive(port: number, from: number, answers: boolean): Promise<RawConnection> {
  for (let tries = 0; ; tries++) {
    try {
      return await rawConnection({ port, from: `127.0.0.${2 + ((from + tries) % 200)}`, answers });
    } catch (error) {
      if (tries >= 5 || (error as NodeJS.ErrnoException).code === 'ECONNREFUSED')
        throw new Gone(`nobody listens: ${String(error)}`);
    }
  }
}

/** `from`: a number; visits of different ones have ports of their own. `parked`: called where nothing is to do but to wait. */
export async function visit(it: Visit, port: number, from: number, parked: () => void): Promise<Report> {
  const { codec, stage } = it;
  const { encode, join, binary } = codecs[codec];
  const wrong: string[] = [];
  const peer = await arrive(port, from, it.answers ?? true);
  let took = 0;

  const say = (...tuples: readonly (readonly unknown[])[]): void => {
    const whole = join(tuples.map((tuple) => encode(tuple).slice()));
    peer.write(clientFrame(binary ? opcodes.binary : opcodes.text, Buffer.from(whole)));
  };
  /** A ping of Roomful with what comes before it. Whether it was answered. */
  async function answered(...before: readonly (readonly unknown[])[]): Promise<boolean> {
    const time = ++probes;
    say(...before, [9, time]);
    return (
      (await within(
        patience,
        peer.hears(pongTo(encode, time)).then(
          () => true,
          () => false,
        ),
      )) ?? false
    );
  }
  const told = (ending: Ending): string => (ending.code === null ? 'cut' : String(ending.code));

  async function attacked(attack: Attack): Promise<string> {
    const { outcome, what } = attack;
    const { socket } = peer;
    if (attack.unread) socket.pause();
    for (const [index, bytes] of attack.writes.entries()) {
      if (index > 0) await turn();
      if (bytes.length > 0) peer.write(bytes);
    }
    if (outcome.type === 'reset') {
      socket.resetAndDestroy();
      return 'reset';
    }
    if (attack.unread) {
      if (socket.writableLength > 0)
        await within(
          patience,
          Promise.race([
            new Promise((resolve) => {
              socket.once('drain', resolve);
            }),
            peer.ended,
          ]),
        );
      socket.resume();
    }
    const since = performance.now();
    if (outcome.type === 'stays') {
      const alive = await answered();
      took = performance.now() - since;
      if (
        alive &&
        (attack.answer === undefined || peer.heard.some((text) => text.includes(attack.answer ?? '')))
      )
        return 'stayed';
      const ending = await within(0, peer.closed);
      wrong.push(
        alive
          ? `${what}: not answered with '${attack.answer}'`
          : `${what}: legal, and ${ending ? `closed with ${told(ending)} '${ending.reason}'` : 'answered no more'}`,
      );
      return ending ? told(ending) : 'stayed';
    }
    const soon = await within(500, peer.closed);
    if (!soon) parked();
    // A silence is noticed after its time, and then there is a close to answer.
    const ending = soon ?? (await within(patience, peer.closed));
    if (!ending) {
      wrong.push(`${what}: still open after ${patience} ms`);
      return 'stayed';
    }
    took = ending.at - since;
    const end = told(ending);
    if (outcome.type === 'closes' && !outcome.codes.includes(ending.code))
      wrong.push(
        `${what}: closed with ${end} '${ending.reason}' instead of ${outcome.codes.map((code) => code ?? 'a cut').join(' or ')}`,
      );
    const silence = stage === 'upgraded' ? 4408 : 4000;
    if (outcome.type === 'waits' && stage !== 'connected' && ending.code !== silence)
      wrong.push(`${what}: closed with ${end} instead of ${silence}`);
    const gone = (await within(500, peer.ended)) ?? (parked(), await within(patience, peer.ended));
    if (!gone) wrong.push(`${what}: told ${end}, and still open ${patience} ms later`);
    return end;
  }

  try {
    if (stage !== 'connected') {
      peer.write(upgradeHead({ protocol: `roomful.v1.${codec}`, lines: it.lines ?? [] }));
      const head = await within(patience, peer.head);
      if (!head?.startsWith('HTTP/1.1 101'))
        return { end: 'refused', wrong: [`not upgraded: ${head?.slice(0, 40)}`], took };
      if (/extensions/i.test(head)) wrong.push(`an extension was negotiated: ${head}`);
    }
    if (
      stage === 'talking' &&
      !(await answered([1, it.session, 'i', it.user, false, 'fuzz'], [2, pit, null, 0, { who: it.user }]))
    )
      return { end: 'refused', wrong: ['not welcome'], took };
    let end = 'stayed';
    for (const attack of it.attacks) {
      end = await attacked(attack);
      if (wrong.length > 0 || end !== 'stayed') break;
    }
    if (stage === 'connected' && (await within(0, peer.head))?.startsWith('HTTP/1.1 101'))
      wrong.push(`${it.attacks[0]?.what}: upgraded`);
    return { end, wrong, took };
  } finally {
    // Node never closes the descriptor of a socket that is reset after it was shut down.
    if (peer.socket.writableEnded) peer.socket.destroy();
    else peer.socket.resetAndDestroy();
  }
}
