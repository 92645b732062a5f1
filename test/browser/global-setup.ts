// Starts a server that the pages of the browser tests ask for realtime servers of their own, each on a real port.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { createRealtimeServer, type RealtimeServer } from '../../src/server/node/index.js';
import { servedRooms } from '../support/server/rooms.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the control server listens. */
    readonly control: string;
  }
}

const host = '127.0.0.1';
const servers = new Map<string, RealtimeServer>();

const freePort = async (): Promise<number> => {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, host, resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
};

const serverOf = (id: string | null): RealtimeServer => {
  const server = servers.get(id ?? '');
  if (!server) throw new Error(`no server '${id}'`);
  return server;
};

async function answer(request: IncomingMessage): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control');
  const id = searchParams.get('id');
  switch (pathname) {
    case '/start': {
      // The page's port is vitest's choice: the page that asks is the origin to allow, unless the test wants another.
      const server = createRealtimeServer({
        rooms: servedRooms(),
        origins: [searchParams.get('origin') ?? request.headers.origin ?? ''],
        authenticate: ({ token }) => (token === null || token === 'refused' ? null : { id: token }),
      });
      const { url } = await server.listen({ host, port: Number(searchParams.get('port') ?? 0) });
      servers.set(url, server);
      return { url };
    }
    case '/stats':
      return serverOf(id).stats();
    case '/stop':
      await serverOf(id).close();
      return {};
    case '/free-port':
      return { port: await freePort() };
    default:
      throw new Error(`nothing at ${pathname}`);
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const control = createServer((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '*');
    answer(request).then(
      (body) => {
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
      },
      (error: unknown) => {
        response.writeHead(500).end(String(error));
      },
    );
  });
  await new Promise<void>((resolve) => {
    control.listen(0, host, resolve);
  });
  project.provide('control', `http://${host}:${(control.address() as AddressInfo).port}`);
  return async () => {
    await Promise.all(Array.from(servers.values(), (server) => server.close()));
    await new Promise((resolve) => {
      control.close(resolve);
      control.closeAllConnections();
    });
  };
}
