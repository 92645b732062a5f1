#!/usr/bin/env node
// The command `npx roomful`.
import { createRequire } from 'node:module';
import { readConfig } from './config.js';
import { Misconfigured } from './rooms.js';
import { serveUntilTold } from './serve.js';

const versionOf = (): string =>
  (createRequire(import.meta.url)('roomful/package.json') as { readonly version: string }).version;

/**
 * Whether an operator can do something about the error, so that one sentence is enough. Any other error is a
 * bug, and is printed with its stack.
 */
function isKnown(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return (
    error instanceof Misconfigured ||
    error instanceof TypeError ||
    ('code' in error && typeof error.code === 'string') ||
    error.message.startsWith('Redis ')
  );
}

try {
  const configResult = readConfig(process.argv.slice(2), process.env, versionOf);
  if ('config' in configResult) process.exitCode = await serveUntilTold(configResult.config);
  else {
    (configResult.exitCode === 0 ? process.stdout : process.stderr).write(configResult.text);
    process.exitCode = configResult.exitCode;
  }
  // A connection or timer that a library left open must not keep the process alive.
  if ('config' in configResult) process.exit();
} catch (error) {
  process.stderr.write(
    `${isKnown(error) ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
}
