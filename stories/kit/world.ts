// The world behind a stage: one server, and a client for each person.
import { json } from 'roomful';
import { msgpack } from 'roomful/msgpack';
import {
  createTestRealtime,
  type ServedRoom,
  type TestRealtime,
  type TestUser,
  type TestUserOptions,
} from 'roomful/testing';
import type { Conditions } from './conditions.js';
import { served } from './rooms.js';

export interface StageSetup {
  /** Who has a window. Default Ada. */
  readonly people?: readonly string[];
  /** Who is there without one: the story's buttons and tests speak for them. Default Bob. */
  readonly offstage?: readonly string[];
  readonly rooms?: readonly ServedRoom[];
  /** Of every client; two windows of one person are two tabs. */
  readonly options?: TestUserOptions | ((person: string) => TestUserOptions);
  /** Whose events are listed beside the windows. */
  readonly log?: string;
  /** What was there before the curtain rises. */
  readonly before?: (stage: StageWorld) => void;
}

export interface StageWorld {
  readonly world: TestRealtime;
  readonly users: ReadonlyMap<string, TestUser>;
  /** The client of a person. */
  user(person: string): TestUser;
  /** Whether the server takes tokens. */
  letIn(valid: boolean): void;
  /** Whether a person's network is cut, whoever did it. */
  isCut(person: string): boolean;
  /** Calls when a network is cut or there again. */
  watch(changed: () => void): () => void;
}

/** Ada's second tab is `Ada 2`, and Ada. */
export const idOf = (person: string): string => person.split(' ')[0]?.toLowerCase() ?? '';

export function createStageWorld(
  { people = ['Ada'], offstage = ['Bob'], rooms = served, options = {}, before }: StageSetup,
  codec: Conditions['codec'],
): StageWorld {
  let valid = true;
  const world = createTestRealtime({
    rooms,
    seed: Math.floor(Math.random() * 2 ** 31),
    server: { authenticate: ({ token }) => (valid && token !== null ? { id: token, name: token } : null) },
  });
  const users = new Map<string, TestUser>();
  const cut = new Set<string>();
  const watchers = new Set<() => void>();
  /** Its switch shows what a test or a menu did to it. */
  const watched = (person: string, user: TestUser): TestUser => {
    const { network } = user;
    const { cut: cutOff, restore } = network;
    const become = (isCut: boolean, act: () => void) => (): void => {
      act();
      if (isCut) cut.add(person);
      else cut.delete(person);
      for (const watcher of watchers) watcher();
    };
    Object.assign(network, { cut: become(true, cutOff), restore: become(false, restore) });
    return user;
  };
  const stage: StageWorld = {
    world,
    users,
    user(person) {
      const user = users.get(person);
      if (!user) throw new Error(`nobody is called ${person} here`);
      return user;
    },
    letIn(now) {
      valid = now;
    },
    isCut: (person) => cut.has(person),
    watch(changed) {
      watchers.add(changed);
      return () => {
        watchers.delete(changed);
      };
    },
  };
  for (const person of [...people, ...offstage]) {
    const mine = typeof options === 'function' ? options(person) : options;
    users.set(
      person,
      watched(
        person,
        world.user(
          { id: idOf(person) },
          {
            codecs: codec === 'msgpack' ? [msgpack(), json()] : [json()],
            backoff: { initial: 100, max: 800 },
            ...mine,
          },
        ),
      ),
    );
  }
  before?.(stage);
  return stage;
}
