// The rooms of the ready-made server, and the users that it lets in.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ServerOptions } from '../../options.js';
import { serve } from '../../rooms/serve.js';
import { jwt } from '../auth/jwt.js';
import type { ServeConfig } from './config.js';

/** A mistake that the operator has to correct. */
export class Misconfigured extends Error {}

type ServedModule = Pick<ServerOptions, 'rooms' | 'authenticate' | 'expose'>;

async function loadModule(file: string): Promise<Partial<ServedModule>> {
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(resolve(file)).href)) as Partial<ServedModule>;
  } catch (error) {
    throw new Misconfigured(
      `--rooms: '${file}' could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/**
 * Loads the rooms.
 *
 * @throws Misconfigured if the module does not fit, or the configuration does not say who is let in.
 */
export async function loadRooms({
  rooms: file,
  anonymous,
  secret,
  jwksUrl,
  issuer,
  tokenAudience: audience,
}: ServeConfig): Promise<ServedModule> {
  const servedModule: Partial<ServedModule> =
    file === null ? { rooms: [serve('*')] } : await loadModule(file);
  if (!Array.isArray(servedModule.rooms))
    throw new Misconfigured(`--rooms: '${file ?? ''}' must export rooms, a list of serve(…)`);
  const authentications = [servedModule.authenticate, secret ?? jwksUrl, anonymous || undefined].filter(
    (authentication) => authentication !== undefined,
  );
  if (authentications.length !== 1) {
    throw new Misconfigured(
      authentications.length === 0
        ? 'no authentication: set ROOMFUL_JWT_SECRET or ROOMFUL_JWKS_URL, export authenticate beside the rooms, ' +
            'or use --anonymous to let every client in'
        : 'too many ways of authentication: an exported authenticate, a key in the environment and --anonymous ' +
            'exclude each other',
    );
  }
  const checks = { ...(issuer !== undefined && { issuer }), ...(audience !== undefined && { audience }) };
  const authenticate =
    servedModule.authenticate ??
    (secret !== undefined
      ? jwt({ secret, ...checks })
      : jwksUrl !== undefined
        ? jwt({ jwksUrl, ...checks })
        : undefined);
  return { rooms: servedModule.rooms, authenticate, expose: servedModule.expose };
}
