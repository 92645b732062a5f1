export function findNginx(): string | null;
export function findHaproxy(): string | null;
