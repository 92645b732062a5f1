// The props of a tab.
import type { Recorder, Recording } from '../recording/recorder.js';

export interface TabProps {
  readonly recorder: Recorder;
  readonly recording: Recording;
}
