#!/usr/bin/env node
// `npx roomful`: reads, serves, ends.
import { createRequire } from 'node:module';
import { readConfig } from './config.js';
import { Misconfigured } from './rooms.js';
import { serveUntilTold } from './serve.js';

const versionOf = (): string =>
  (createRequire(import.meta.url)('roomful/package.json') as { readonly version: string }).version;

/** What an operator can do something about, in one sentence; anything else is a bug, and has a stack. */
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
  const read = readConfig(process.argv.slice(2), process.env, versionOf);
  if ('config' in read) process.exitCode = await serveUntilTold(read.config);
  else {
    (read.exitCode === 0 ? process.stdout : process.stderr).write(read.text);
    process.exitCode = read.exitCode;
  }
  // What a library left open keeps nobody.
  if ('config' in read) process.exit();
} catch (error) {
  process.stderr.write(
    `${isKnown(error) ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
}
