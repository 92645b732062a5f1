// A plugin of Vite: the code of a connection comes a moment after it is first needed, as it does in a page.
import type { Plugin } from 'vite';

const attempts = '/src/client/attempts.ts';
const asItIs = '?as-it-is';

/** Puts a module in front of `src/client/attempts.ts`, in which attempts are made by code that is fetched first. */
export const lateCode = (): Plugin => ({
  name: 'late-code',
  enforce: 'pre',
  load(id) {
    if (!id.endsWith(attempts)) return null;
    const folder = id.slice(0, -'attempts.ts'.length);
    return `
      import { attemptsBy as attemptsAtOnce } from '${id}${asItIs}';
      import { attemptsLater } from '${folder}late-code.ts';
      export const attemptsBy = (connect) => (host) =>
        attemptsLater(async () => {
          await Promise.resolve();
          return attemptsAtOnce(connect);
        }, host);
    `;
  },
});
