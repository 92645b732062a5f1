type Places = '*' | readonly string[];

export interface Layer {
  readonly folder: string;
  readonly purpose: string;
  readonly imports: readonly string[];
  readonly typeImports?: readonly string[];
  readonly packages?: Readonly<Record<string, Places>>;
  readonly globals?: Readonly<Record<string, Places>>;
  readonly startsLive?: readonly string[];
  readonly computedImports?: readonly string[];
}

export const everyFile: '*';
export const nodeModules: 'node:*';
export const guardedGlobals: readonly string[];
export const layers: readonly Layer[];
