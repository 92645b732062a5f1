import { scenarios } from '../contracts/scenarios.js';
import { wsHarness } from '../support/ws-harness.js';

scenarios('over real sockets', wsHarness);
