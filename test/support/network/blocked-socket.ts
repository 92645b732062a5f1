// A WebSocket where a network blocks them: it never opens.
import { WebSocket } from 'ws';

export class BlockedWebSocket extends WebSocket {
  constructor(_url: string | URL, protocols?: string | string[]) {
    // Nobody listens there.
    super('ws://127.0.0.1:1/', protocols);
  }
}
