// What `npx roomful` reads, and what it says.
import { describe, expect, test } from 'vitest';
import { helpText, readConfig, type ServeConfig } from '../../../src/server/node/cli/config.js';
import { createCliLogger } from '../../../src/server/node/cli/say.js';

const read = (line: string, env: NodeJS.ProcessEnv = {}): ReturnType<typeof readConfig> =>
  readConfig(line.split(' ').filter(Boolean), env, () => '1.2.3');
const config = (line: string, env?: NodeJS.ProcessEnv): ServeConfig => {
  const it = read(line, env);
  if (!('config' in it)) throw new Error(it.text);
  return it.config;
};
const wrong = (line: string, env?: NodeJS.ProcessEnv): string => {
  const it = read(line, env);
  if ('config' in it) throw new Error('it was taken');
  expect(it.exitCode).toBe(2);
  return it.text;
};

describe('the command line', () => {
  test('defaults serve', () => {
    expect(config('serve --untyped')).toEqual({
      port: 8080,
      host: undefined,
      path: '/realtime',
      rooms: null,
      untyped: true,
      anonymous: false,
      redis: null,
      prefix: 'roomful',
      origins: undefined,
      trustProxy: undefined,
      connections: Infinity,
      node: undefined,
      metrics: false,
      rebalance: false,
      heartbeat: 25_000,
      drain: 10_000,
      secret: undefined,
      jwksUrl: undefined,
      issuer: undefined,
      tokenAudience: undefined,
    });
  });

  test('every option is taken', () => {
    expect(
      config(
        'serve --rooms r.js --port 0 --host ::1 --path /rt --redis redis://h:1 --prefix p --origin https://a.example --origin https://b.example --trust-proxy 10.0.0.0/8,loopback --max-connections 5 --node n --metrics --rebalance --heartbeat 5 --drain 0.5',
      ),
    ).toMatchObject({
      rooms: 'r.js',
      port: 0,
      host: '::1',
      path: '/rt',
      redis: 'redis://h:1',
      prefix: 'p',
      origins: ['https://a.example', 'https://b.example'],
      trustProxy: ['10.0.0.0/8', 'loopback'],
      connections: 5,
      node: 'n',
      metrics: true,
      rebalance: true,
      heartbeat: 5_000,
      drain: 500,
    });
    expect(config('serve --untyped --trust-proxy 2').trustProxy).toBe(2);
  });

  test('secrets come from the environment, and so may the port and Redis; the command line goes first', () => {
    const env = {
      PORT: '81',
      ROOMFUL_REDIS: 'redis://env',
      ROOMFUL_JWT_SECRET: 's',
      ROOMFUL_JWT_ISSUER: 'i',
      ROOMFUL_JWT_AUDIENCE: 'a',
    };
    expect(config('serve --untyped', env)).toMatchObject({
      port: 81,
      redis: 'redis://env',
      secret: 's',
      issuer: 'i',
      tokenAudience: 'a',
    });
    expect(config('serve --untyped --port 82 --redis redis://line', env)).toMatchObject({
      port: 82,
      redis: 'redis://line',
    });
    expect(config('serve --untyped', { ROOMFUL_JWKS_URL: 'https://keys.example' }).jwksUrl).toBe(
      'https://keys.example',
    );
  });

  test.each([
    ['serve', 'no rooms'],
    ['--untyped', 'name a command: serve'],
    ['dance --untyped', "there is no command 'dance'"],
    ['serve now --untyped', "unexpected argument 'now'"],
    ['serve --untyped --rooms x.js', 'exclude each other'],
    ['serve --untyped --port many', "--port is a number from 0 to 65535, not 'many'"],
    ['serve --untyped --port 70000', '--port is a number'],
    ['serve --untyped --port 1.5', 'whole number'],
    ['serve --untyped --path here', '--path begins with /'],
    ['serve --untyped --redis localhost', 'redis:// or rediss://'],
    ['serve --untyped --drain -1', 'drain'],
    ['serve --untyped --heartbeat 0', '--heartbeat'],
    ['serve --untyped --max-connections 0', '--max-connections'],
    ['serve --untyped --prot 1', "Unknown option '--prot'"],
    ['serve --untyped --metrics=1', '--metrics'],
  ])('%s: a sentence about what is wrong, and 2', (line, said) => {
    const text = wrong(line);
    expect(text).toContain(said);
    expect(text).toContain('roomful --help');
  });

  test('two ways to check tokens are one too many', () => {
    expect(
      wrong('serve --untyped', { ROOMFUL_JWT_SECRET: 's', ROOMFUL_JWKS_URL: 'https://k.example' }),
    ).toContain('exclude each other');
  });

  test('help and version go to whoever asks, with 0; help names every option', () => {
    expect(read('')).toEqual({ text: helpText, exitCode: 0 });
    expect(read('serve --help')).toEqual({ text: helpText, exitCode: 0 });
    expect(read('-h')).toEqual({ text: helpText, exitCode: 0 });
    expect(read('--version')).toEqual({ text: '1.2.3\n', exitCode: 0 });
    for (const option of [
      'port',
      'host',
      'path',
      'rooms',
      'untyped',
      'anonymous',
      'redis',
      'prefix',
      'origin',
      'trust-proxy',
      'max-connections',
      'node',
      'metrics',
      'rebalance',
      'heartbeat',
      'drain',
      'help',
      'version',
    ])
      expect(helpText).toContain(`--${option}`);
    expect(
      Math.max(...helpText.split('\n').map(({ length }) => length)),
      'it fits a terminal',
    ).toBeLessThanOrEqual(110);
  });
});

describe('what it says', () => {
  test('in words on a terminal', () => {
    const lines: string[] = [];
    const say = createCliLogger(true, (text) => {
      lines.push(text);
    });
    say.info({ url: 'ws://localhost:1/realtime', node: null }, 'listening');
    say.warn({ count: 2 }, 'closed');
    expect(lines).toEqual(['  listening  url=ws://localhost:1/realtime\n', '! closed  count=2\n']);
  });

  test('as JSON lines elsewhere', () => {
    const lines: string[] = [];
    const say = createCliLogger(false, (text) => {
      lines.push(text);
    });
    say.info({ url: 'ws://localhost:1/realtime' }, 'listening');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 30,
      name: 'roomful',
      url: 'ws://localhost:1/realtime',
      msg: 'listening',
    });
  });
});
