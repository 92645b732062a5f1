// Set up before the tests of components: `waitFor` waits for its condition until just before the runner's own bound of 120 s.
import { configure } from '@testing-library/react';

configure({ asyncUtilTimeout: 110_000 });
