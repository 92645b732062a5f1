// That the tests of this project run with the React that they are meant for.
import { render } from '@testing-library/react';
import { createElement, useSyncExternalStore, version } from 'react';
import { version as domVersion } from 'react-dom';
import { expect, test } from 'vitest';
import { create } from 'zustand';

test('React is 18.3, for the libraries as well', () => {
  expect([version, domVersion]).toEqual(['18.3.1', '18.3.1']);
  const useStore = create(() => 'shown');
  const Shown = () =>
    createElement(
      'p',
      null,
      useStore(),
      useSyncExternalStore(
        () => () => undefined,
        () => ' twice',
      ),
    );
  expect(render(createElement(Shown)).container.textContent).toBe('shown twice');
});
