import { scenarios } from '../contracts/scenarios.js';
import { memoryHarness } from '../support/scenarios/memory-harness.js';

scenarios('in memory', memoryHarness);
