export interface Simulated {
  readonly ran: number;
  readonly failures: readonly {
    readonly seed: number;
    readonly wrong: readonly string[];
    readonly events: readonly string[];
  }[];
}

export function simulateMany(options: {
  readonly from: number;
  readonly seeds: number;
  readonly plant?: string | null;
  readonly verbose?: boolean;
  readonly first?: boolean;
}): Promise<Simulated>;
