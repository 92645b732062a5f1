// What an app meets of a room, with its contract's types.
import type { DataOf, PresenceIn, TypeOf } from '../contract/infer.js';
import type { Member, Message } from './machine/model/message.js';

/** A message whose `data` its `type` tells. */
export type MessageIn<R, T extends TypeOf<R> = TypeOf<R>> = T extends unknown
  ? Omit<Message, 'type' | 'data' | 'sender'> & {
      readonly type: T;
      readonly data: DataOf<R, T>;
      readonly sender: MemberIn<R> | null;
    }
  : never;
/** A member whose presence the contract tells. */
export type MemberIn<R> = Omit<Member, 'presence'> & { readonly presence: PresenceIn<R> | null };
