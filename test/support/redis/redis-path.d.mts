export function findRedis(): string | null;
