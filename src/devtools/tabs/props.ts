// What the panel gives each of its tabs.
import type { Recorder, Recording } from '../recorder.js';

export interface TabProps {
  readonly recorder: Recorder;
  readonly recording: Recording;
}
