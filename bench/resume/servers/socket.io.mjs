// socket.io with connection state recovery: its adapter in memory keeps what was sent, for two minutes.
import { requireFromBench } from '../../support/places.mjs';

export function start(http) {
  const { Server } = requireFromBench('socket.io');
  const io = new Server(http, {
    serveClient: false,
    transports: ['websocket'],
    connectionStateRecovery: { maxDisconnectionDuration: 120_000 },
  });
  io.on('connection', (socket) => {
    if (!socket.recovered) socket.join('bench/1');
  });
  return (message) => {
    io.to('bench/1').emit('m', message);
  };
}
