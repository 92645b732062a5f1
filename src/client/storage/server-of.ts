// Which server a session is of: what waits for one server is never delivered to another.

/** Origin and path of a whole address, the same for WebSocket and HTTP. */
export function serverOf(address: string): string {
  const { protocol, host, pathname } = new URL(address);
  return `${protocol.replace('http', 'ws')}//${host}${pathname.replace(/\/$/, '')}`;
}
