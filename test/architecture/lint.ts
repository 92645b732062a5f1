// Runs oxlint over files in a folder of their own, with the configuration of the project, and gives its errors.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../../tools/architecture/source-tree.mjs';

const globalsFile = 'tools/architecture/globals.oxlintrc.json';
const oxlint = join(dirname(createRequire(import.meta.url).resolve('oxlint/package.json')), 'bin/oxlint');

export interface LintError {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
}

interface Report {
  readonly diagnostics: readonly {
    readonly code: string;
    readonly filename: string;
    readonly labels: readonly { readonly span: { readonly line: number } }[];
  }[];
}

/** `globals`: rules in place of the ones that the project has for globals. */
export function lint(files: ReadonlyMap<string, string>, globals?: object): LintError[] {
  const folder = mkdtempSync(join(tmpdir(), 'roomful-lint-'));
  try {
    for (const name of ['.oxlintrc.json', globalsFile]) cpSync(join(root, name), join(folder, name));
    if (globals) writeFileSync(join(folder, globalsFile), JSON.stringify(globals));
    for (const [file, text] of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    const { stdout, error } = spawnSync(process.execPath, [oxlint, '--format=json', 'src'], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    if (error) throw error;
    return (JSON.parse(stdout) as Report).diagnostics.map(({ code, filename, labels }) => ({
      rule: code,
      file: filename,
      line: labels[0]?.span.line ?? 0,
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
