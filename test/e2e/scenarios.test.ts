import { scenarios } from '../contracts/scenarios.js';
import { httpHarness, wsHarness } from '../support/scenarios/ws-harness.js';

scenarios('over real sockets', wsHarness);
scenarios('over HTTP, where WebSocket is blocked', httpHarness);
