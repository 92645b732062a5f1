import { scenarios } from '../contracts/scenarios.js';
import { memoryHarness } from '../support/memory-harness.js';

scenarios('in memory', memoryHarness);
