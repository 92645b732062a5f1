// The rooms that stories play in.
import { defineRoom, type } from 'roomful';
import { serve, type ServedRoom } from 'roomful/testing';

export interface Look {
  readonly name: string;
  readonly typing?: boolean;
  readonly x?: number;
  readonly y?: number;
}

export const chat = defineRoom('chat/:id', {
  messages: { post: type<{ readonly text: string }>(), wave: type<{ readonly from: string }>() },
  presence: type<Look>(),
});

export const match = defineRoom('match/:id', {
  messages: { goal: type<{ readonly team: string; readonly minute: number }>() },
});

export const market = defineRoom('market/:symbol', {
  messages: {
    price: type<{ readonly price: number }>(),
    order: type<{ readonly side: 'buy' | 'sell'; readonly quantity: number }>(),
  },
});

export const list = defineRoom('list/:id', {
  messages: {
    add: type<{ readonly text: string }>(),
    check: type<{ readonly of: string; readonly done: boolean }>(),
  },
});

/** Everybody may be everywhere, but in `private` only Ada; what says `bad` is refused. */
export const served: readonly ServedRoom[] = [
  serve(chat, {
    authorize: ({ params, user }) => params.id !== 'private' || user?.id === 'ada',
    history: { limit: 500, ttl: 600_000 },
    on: {
      post: ({ data }, { reject }) =>
        data.text.includes('bad') ? reject('we do not say that here') : undefined,
    },
  }),
  serve(match, { history: { limit: 100, ttl: 600_000 } }),
  serve(market, { on: { order: ({ data }) => ({ filled: data.quantity, at: 101.25 }) } }),
  serve(list, { history: { limit: 500, ttl: 600_000 } }),
];
