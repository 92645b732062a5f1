// The best that can be written at home: all that one burst brings is one setState, before the browser paints.
import { consume as consumeEach } from './zustand-each.mjs';

export const consume = (components) =>
  consumeEach(components, {
    apply(store, texts) {
      const news = {};
      for (const text of texts) {
        const { id, value } = JSON.parse(text);
        news[id] = value;
      }
      store.setState(({ entities }) => ({ entities: { ...entities, ...news } }));
    },
  });
