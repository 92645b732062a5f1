// Style sheets, which Vite takes as imports.
declare module '*.css' {}
