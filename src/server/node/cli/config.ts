// The configuration from the command line and the environment, or what is wrong with it.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { TrustProxy } from '../http/proxies.js';

export interface ServeConfig {
  readonly port: number;
  readonly host: string | undefined;
  readonly path: string;
  /** The path of a module that exports `rooms`. */
  readonly rooms: string | null;
  readonly untyped: boolean;
  readonly anonymous: boolean;
  readonly redis: string | null;
  readonly prefix: string;
  readonly origins: readonly string[] | undefined;
  readonly trustProxy: TrustProxy | undefined;
  readonly connections: number;
  readonly node: string | undefined;
  readonly metrics: boolean;
  readonly rebalance: boolean;
  readonly heartbeat: number;
  /** How long a drain takes, in ms. */
  readonly drain: number;
  readonly secret: string | undefined;
  readonly jwksUrl: string | undefined;
  readonly issuer: string | undefined;
  readonly tokenAudience: string | undefined;
}

export type ConfigResult =
  | { readonly config: ServeConfig }
  | { readonly text: string; readonly exitCode: 0 | 2 };

const cliOptions = {
  port: { type: 'string' },
  host: { type: 'string' },
  path: { type: 'string', default: '/realtime' },
  rooms: { type: 'string' },
  untyped: { type: 'boolean', default: false },
  anonymous: { type: 'boolean', default: false },
  redis: { type: 'string' },
  prefix: { type: 'string', default: 'roomful' },
  origin: { type: 'string', multiple: true },
  'trust-proxy': { type: 'string' },
  'max-connections': { type: 'string' },
  node: { type: 'string' },
  metrics: { type: 'boolean', default: false },
  rebalance: { type: 'boolean', default: false },
  heartbeat: { type: 'string', default: '25' },
  drain: { type: 'string', default: '10' },
  help: { type: 'boolean', default: false, short: 'h' },
  version: { type: 'boolean', default: false, short: 'v' },
} as const satisfies ParseArgsConfig['options'];

export const helpText = `roomful serve [options]

A realtime server, for trying out and for small deployments.

Rooms
  --rooms FILE           a module (.js, .mjs) that exports rooms, a list of serve(…); it may also export
                         authenticate and expose
  --untyped              serve every room, without checks, to every user who is let in

Authentication: set one of these, or export authenticate from FILE
  ROOMFUL_JWT_SECRET     the secret that tokens are signed with (HS256), of 32 bytes at least
  ROOMFUL_JWKS_URL       the address of the public keys that tokens are signed with
  ROOMFUL_JWT_ISSUER, ROOMFUL_JWT_AUDIENCE
                         the issuer and the audience that a token must have
  --anonymous            let every client in, without a user

Addresses
  --port N               the port, or 0 for a free one; default: PORT of the environment, or 8080
  --host NAME            the host name to listen on; default: all interfaces
  --path PATH            the path of upgrades; default /realtime
  --origin URL           an origin whose pages may connect; repeat it for more. Default: this host's own
  --trust-proxy N|LIST   the number of proxies in front, or their addresses and subnets, with commas

More than one node
  --redis URL            keep rooms in Redis (redis:// or rediss://), shared with other nodes; needs the
                         package redis. Default: ROOMFUL_REDIS of the environment, or in memory, alone
  --prefix NAME          the beginning of every key in Redis; default roomful
  --node NAME            the name of this node; default: a random one
  --max-connections N    the connections that this node takes; default: no limit
  --rebalance            ask clients to move while this node has more than its share
  --drain SECONDS        how long clients have to move after SIGTERM; default 10

Monitoring
  --metrics              serve /metrics for Prometheus. /health/live and /health/ready are always served
  --heartbeat SECONDS    how often the server pings a connection; default 25

  -h, --help             print this text
  -v, --version          print the version

On a terminal the output is text; elsewhere each line is JSON. SIGTERM and SIGINT drain the server and then
end it with exit code 0; a second signal ends it at once.
`;

class ConfigError extends Error {}

function parseNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max))
    throw new ConfigError(`--${name} is a number from ${min} to ${max}, not '${text}'`);
  return value;
}

function parseWholeNumber(name: string, text: string, min: number, max: number): number {
  const value = parseNumber(name, text, min, max);
  if (!Number.isInteger(value)) throw new ConfigError(`--${name} is a whole number, not '${text}'`);
  return value;
}

const parseProxies = (text: string): TrustProxy =>
  /^\d+$/.test(text) ? Number(text) : text.split(',').map((proxy) => proxy.trim());

function parseConfig(argv: readonly string[], env: NodeJS.ProcessEnv): ServeConfig | string {
  const { values, positionals } = parseArgs({ args: [...argv], options: cliOptions, allowPositionals: true });
  if (values.version) return 'version';
  if (values.help || (positionals.length === 0 && argv.length === 0)) return 'help';
  const [command, ...surplusArguments] = positionals;
  if (command !== 'serve')
    throw new ConfigError(
      command === undefined ? 'name a command: serve' : `there is no command '${command}'`,
    );
  if (surplusArguments.length) throw new ConfigError(`unexpected argument '${surplusArguments[0]}'`);
  const { rooms = null, untyped } = values;
  if (rooms === null && !untyped)
    throw new ConfigError(
      'no rooms: name a module with --rooms, or use --untyped for every room, without checks',
    );
  if (rooms !== null && untyped) throw new ConfigError('--rooms and --untyped exclude each other');
  const redis = values.redis ?? env['ROOMFUL_REDIS'] ?? null;
  if (redis !== null && !/^rediss?:\/\//.test(redis))
    throw new ConfigError('--redis is an address that begins with redis:// or rediss://');
  const path = values.path;
  if (!/^\/[\w\-./]*$/.test(path))
    throw new ConfigError(`--path begins with /, and has letters, digits, - . _ and /, not '${path}'`);
  const secret = env['ROOMFUL_JWT_SECRET'];
  const jwksUrl = env['ROOMFUL_JWKS_URL'];
  if (secret !== undefined && jwksUrl !== undefined)
    throw new ConfigError('ROOMFUL_JWT_SECRET and ROOMFUL_JWKS_URL exclude each other');
  return {
    port: parseWholeNumber('port', values.port ?? env['PORT'] ?? '8080', 0, 65_535),
    host: values.host,
    path,
    rooms,
    untyped,
    anonymous: values.anonymous,
    redis,
    prefix: values.prefix,
    origins: values.origin,
    trustProxy: values['trust-proxy'] === undefined ? undefined : parseProxies(values['trust-proxy']),
    connections:
      values['max-connections'] === undefined
        ? Infinity
        : parseWholeNumber('max-connections', values['max-connections'], 1, 10_000_000),
    node: values.node,
    metrics: values.metrics,
    rebalance: values.rebalance,
    heartbeat: parseNumber('heartbeat', values.heartbeat, 1, 3_600) * 1_000,
    drain: parseNumber('drain', values.drain, 0, 3_600) * 1_000,
    secret,
    jwksUrl,
    issuer: env['ROOMFUL_JWT_ISSUER'],
    tokenAudience: env['ROOMFUL_JWT_AUDIENCE'],
  };
}

/**
 * Reads the configuration. Returns a text to print and an exit code instead, for help, the version or a
 * mistake.
 */
export function readConfig(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  version: () => string,
): ConfigResult {
  try {
    const config = parseConfig(argv, env);
    if (typeof config === 'string')
      return { text: config === 'version' ? `${version()}\n` : helpText, exitCode: 0 };
    return { config };
  } catch (error) {
    const isOurs =
      error instanceof ConfigError ||
      (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
    if (!isOurs) throw error;
    return { text: `${error.message}\n\nRun roomful --help for all options.\n`, exitCode: 2 };
  }
}
