// How do the page and the realtime server share one process and one port?
import react from '@vitejs/plugin-react';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createServer as createVite } from 'vite';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const host = process.env.HOST ?? '127.0.0.1';
const firstPort = Number(process.env.PORT) || 5173;

/** Vite's own client would look for the socket that it is told not to have, and fail aloud in every console. */
const withoutViteClient = {
  name: 'without-vite-client',
  transformIndexHtml: {
    order: 'post',
    handler: (page) => page.replace(/<script [^>]*src="\/@vite\/client"[^>]*><\/script>\s*/, ''),
  },
};

const vite = await createVite({
  configFile: false,
  root: at('.'),
  cacheDir: at('../node_modules/.vite-demo'),
  appType: 'spa',
  logLevel: 'error',
  plugins: [react(), withoutViteClient],
  resolve: {
    // The longer names first: an alias also takes what begins with it.
    alias: {
      'roomful/room': at('../src/contract/index.ts'),
      'roomful/client': at('../src/client/index.ts'),
      'roomful/storage': at('../src/client/storage/index.ts'),
      'roomful/msgpack': at('../src/protocol/msgpack.ts'),
      'roomful/server': at('../src/server/node/index.ts'),
      'roomful/devtools/production': at('../src/devtools/index.ts'),
      'roomful/testing': at('../src/testing/index.ts'),
      roomful: at('../src/index.ts'),
    },
  },
  // Without these, Vite finds them during the first visit and loads the page again.
  optimizeDeps: {
    include: [
      'react',
      'react/jsx-runtime',
      'react/jsx-dev-runtime',
      'react-dom',
      'react-dom/client',
      'partysocket/ws',
      'zustand',
      'zustand/vanilla',
      'zustand/react/shallow',
      '@msgpack/msgpack',
      'zod',
    ],
  },
  // No socket of Vite's own: upgrades on this port are the realtime server's.
  server: { middlewareMode: true, hmr: false, ws: false, watch: null, fs: { allow: [at('..')] } },
});

const { createDemo } = await vite.ssrLoadModule('/server.ts');

const http = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname === '/control/restart') {
    if (request.method !== 'POST') return void response.writeHead(405, { Allow: 'POST' }).end();
    return void demo.restart().then(
      () => response.writeHead(204).end(),
      (error) => response.writeHead(500).end(String(error)),
    );
  }
  // An upgrade comes here only while no realtime server listens.
  if (pathname === '/realtime') return void response.writeHead(503, { 'Retry-After': '1' }).end();
  vite.middlewares(request, response);
});
const demo = createDemo(http);

/** Whether somebody answers on this port, on either of localhost's addresses: the browser may ask both. */
const isTaken = (port) =>
  new Promise((resolve) => {
    const socket = connect({ port, host: 'localhost', autoSelectFamily: true });
    socket
      .once('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .once('error', () => resolve(false));
  });

const listen = (port) =>
  new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, host, () => {
      http.off('error', reject);
      resolve();
    });
  });

async function listenFrom(port) {
  if (await isTaken(port)) return listenFrom(port + 1);
  try {
    await listen(port);
    return port;
  } catch (error) {
    if (error.code === 'EADDRINUSE') return listenFrom(port + 1);
    throw error;
  }
}

let stopping = false;
async function stop() {
  if (stopping) return;
  stopping = true;
  // Whatever still hangs after this long has had its chance.
  setTimeout(() => process.exit(0), 2_000).unref();
  await demo.close();
  http.close();
  http.closeAllConnections();
  await vite.close();
  process.exit(0);
}
process.on('SIGINT', () => void stop());
process.on('SIGTERM', () => void stop());

const port = await listenFrom(firstPort);
console.log(`Roomful demo: http://localhost:${port}/`);
