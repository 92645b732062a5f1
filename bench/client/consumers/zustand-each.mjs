// Written at home: a zustand store, set for each message, and a selector in each component.
import { requireFromRoot } from '../../support/places.mjs';
import { each, mount, rendered, React } from '../page.mjs';

const { createStore, useStore } = requireFromRoot('zustand');

export async function consume(
  components,
  {
    apply = (store, texts) => {
      for (const text of texts) {
        const { id, value } = JSON.parse(text);
        store.setState(({ entities }) => ({ entities: { ...entities, [id]: value } }));
      }
    },
  } = {},
) {
  const store = createStore(() => ({
    entities: Object.fromEntries(Array.from({ length: components }, (_, id) => [id, 0])),
  }));
  const Entity = ({ id }) => {
    const value = useStore(store, ({ entities }) => entities[id]);
    rendered();
    return React.createElement('b', null, value);
  };
  const page = await mount(each(Entity, components));
  return {
    ...page,
    burst: (messages) => messages.map((it) => JSON.stringify(it)),
    hear: (texts) => {
      apply(store, texts);
    },
  };
}
