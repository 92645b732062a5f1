// A page without a browser: jsdom, React as apps ship it, a socket whose messages this process makes, and frames that come when they are called.
import { createRequire } from 'node:module';
import { bench, requireFromRoot } from '../support/places.mjs';

process.env.NODE_ENV = 'production';

const { JSDOM } = requireFromRoot('jsdom');
const { window } = new JSDOM('<!doctype html>', { url: 'http://localhost/' });
Object.assign(globalThis, {
  window,
  document: window.document,
  navigator: window.navigator,
  HTMLElement: window.HTMLElement,
  Node: window.Node,
  AbortController: window.AbortController,
  AbortSignal: window.AbortSignal,
});

/** The server at the other end: answers what it is asked, and says what it is told to. */
export class Socket {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSING = 2;
  static CLOSED = 3;
  static newest = null;
  static answer = () => null;
  CONNECTING = 0;
  OPEN = 1;
  CLOSING = 2;
  CLOSED = 3;
  readyState = 0;
  bufferedAmount = 0;
  binaryType = 'blob';
  #listeners = new Map();

  constructor(url, protocols) {
    this.url = String(url);
    this.protocol = [protocols ?? []].flat()[0] ?? '';
    Socket.newest = this;
    queueMicrotask(() => {
      this.readyState = 1;
      this.#tell('open', new Event('open'));
    });
  }

  addEventListener(type, listener) {
    this.#listeners.set(type, (this.#listeners.get(type) ?? new Set()).add(listener));
  }

  removeEventListener(type, listener) {
    this.#listeners.get(type)?.delete(listener);
  }

  #tell(type, event) {
    this[`on${type}`]?.(event);
    this.#listeners.get(type)?.forEach((listener) => {
      listener(event);
    });
  }

  hear(data) {
    this.#tell('message', new MessageEvent('message', { data }));
  }

  send(data) {
    const answer = Socket.answer(data);
    if (answer !== null)
      queueMicrotask(() => {
        this.hear(answer);
      });
  }

  close() {
    this.readyState = 3;
  }
}
globalThis.WebSocket = Socket;
window.WebSocket = Socket;

let frames = [];
globalThis.requestAnimationFrame = (call) => frames.push(call);
globalThis.cancelAnimationFrame = () => undefined;

/** What a browser does before it paints. */
export function frame() {
  const due = frames;
  frames = [];
  for (const call of due) call(performance.now());
}

/** The next task: React's own come before it. */
export const task = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });

export const counts = { commits: 0, renders: 0 };

/** Said by each component that is rendered. */
export const rendered = () => {
  counts.renders++;
};

globalThis.__REACT_DEVTOOLS_GLOBAL_HOOK__ = {
  supportsFiber: true,
  inject: () => 1,
  onCommitFiberRoot() {
    counts.commits++;
  },
  onCommitFiberUnmount() {},
  onPostCommitFiberRoot() {},
};

// In a browser React posts through MessageChannel, not setImmediate: hidden while it loads.
const { setImmediate } = globalThis;
delete globalThis.setImmediate;
export const React = requireFromRoot('react');
const { createRoot } = requireFromRoot('react-dom/client');
globalThis.setImmediate = setImmediate;

/** The packages to compare with, on the same React. */
export const requirePeer = createRequire(`${bench}package.json`);

/** `count` of a component, each for one entity. */
export const each = (Component, count, props) =>
  Array.from({ length: count }, (_, id) => React.createElement(Component, { key: id, id, ...props }));

/** Mounts something, and waits until all of it is there. */
export async function mount(element) {
  const div = document.body.appendChild(document.createElement('div'));
  const root = createRoot(div);
  root.render(element);
  for (let turn = 0; turn < 10; turn++) {
    await task();
    frame();
  }
  return {
    /** What each shows. */
    shown: () => Array.from(div.querySelectorAll('b'), ({ textContent }) => Number(textContent)),
    unmount() {
      root.unmount();
    },
  };
}
