// Messages and members of a room, with the types of its contract.
import type { DataOf, PresenceIn, TypeOf } from '../../contract/infer.js';
import type { Member, Message } from '../machine/model/message.js';

/** A message. Its `type` decides the type of its `data`. */
export type MessageIn<R, T extends TypeOf<R> = TypeOf<R>> = T extends unknown
  ? Omit<Message, 'type' | 'data' | 'sender'> & {
      readonly type: T;
      readonly data: DataOf<R, T>;
      readonly sender: MemberIn<R> | null;
    }
  : never;
/** A member, with the presence that the contract defines. */
export type MemberIn<R> = Omit<Member, 'presence'> & { readonly presence: PresenceIn<R> | null };
