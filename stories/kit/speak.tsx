// A button that speaks for somebody without a window.
import type { ReactElement } from 'react';
import { useStage } from './stage.js';
import type { StageWorld } from './world.js';

export function Speak({
  label,
  act,
}: {
  readonly label: string;
  readonly act: (stage: StageWorld) => void;
}): ReactElement {
  const stage = useStage();
  return (
    <button
      type="button"
      onClick={() => {
        act(stage);
      }}
    >
      {label}
    </button>
  );
}
