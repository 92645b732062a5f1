// Set up before the tests of components: `waitFor` waits as long as a machine with other work may need. What does come comes as early as it would.
import { configure } from '@testing-library/react';

configure({ asyncUtilTimeout: 15_000 });
