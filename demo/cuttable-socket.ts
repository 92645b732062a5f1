// How can a page lose its network at the press of a button? Its sockets go through this one, which can be cut.

interface Cuttable {
  cut(): void;
}

const sockets = new Set<Cuttable>();
const watchers = new Set<() => void>();
let isCut = false;

const change = (to: boolean): void => {
  isCut = to;
  for (const watcher of watchers) watcher();
};

/** The page's network, as `useSyncExternalStore` wants it. */
export const network = {
  isCut: (): boolean => isCut,
  cut(): void {
    change(true);
    for (const socket of sockets) socket.cut();
  },
  restore(): void {
    change(false);
  },
  subscribe(watcher: () => void): () => void {
    watchers.add(watcher);
    return () => {
      watchers.delete(watcher);
    };
  },
};

/**
 * Stands before a WebSocket rather than inheriting from it: a subclass would have to dial before it could fail, and a cut one would still hear what the
 * browser had already received.
 */
export class CuttableSocket extends EventTarget implements Cuttable {
  static readonly CONNECTING = WebSocket.CONNECTING;
  static readonly OPEN = WebSocket.OPEN;
  static readonly CLOSING = WebSocket.CLOSING;
  static readonly CLOSED = WebSocket.CLOSED;

  readonly url: string;
  readonly #inner: WebSocket | null;
  #broken = false;

  constructor(url: string | URL, protocols?: string | string[]) {
    super();
    this.url = String(url);
    this.#inner = isCut ? null : new WebSocket(url, protocols);
    if (!this.#inner) {
      // Later, as a real one: nobody listens yet.
      setTimeout(() => {
        this.cut();
      }, 0);
      return;
    }
    sockets.add(this);
    this.#inner.addEventListener('open', () => {
      this.#pass(new Event('open'));
    });
    this.#inner.addEventListener('error', () => {
      this.#pass(new Event('error'));
    });
    this.#inner.addEventListener('message', ({ data, origin }: MessageEvent<unknown>) => {
      this.#pass(new MessageEvent('message', { data, origin }));
    });
    this.#inner.addEventListener('close', ({ code, reason, wasClean }) => {
      sockets.delete(this);
      this.#pass(new CloseEvent('close', { code, reason, wasClean }));
    });
  }

  get readyState(): number {
    if (this.#broken) return WebSocket.CLOSED;
    return this.#inner?.readyState ?? WebSocket.CONNECTING;
  }
  get protocol(): string {
    return this.#inner?.protocol ?? '';
  }
  get extensions(): string {
    return this.#inner?.extensions ?? '';
  }
  get bufferedAmount(): number {
    return this.#inner?.bufferedAmount ?? 0;
  }
  get binaryType(): BinaryType {
    return this.#inner?.binaryType ?? 'blob';
  }
  set binaryType(type: BinaryType) {
    if (this.#inner) this.#inner.binaryType = type;
  }

  send(data: string | ArrayBufferView<ArrayBuffer> | ArrayBuffer | Blob): void {
    if (!this.#broken) this.#inner?.send(data);
  }

  close(code?: number, reason?: string): void {
    if (!this.#broken) this.#inner?.close(code, reason);
  }

  /** Breaks without a word to either end: what was on its way, acknowledgements too, is lost. */
  cut(): void {
    if (this.#broken) return;
    this.#broken = true;
    sockets.delete(this);
    this.#inner?.close();
    this.dispatchEvent(new Event('error'));
    this.dispatchEvent(new CloseEvent('close', { code: 1006, wasClean: false }));
  }

  #pass(event: Event): void {
    if (!this.#broken) this.dispatchEvent(event);
  }
}
