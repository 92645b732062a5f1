// Style sheets, and files as text, which Vite takes as imports.
declare module '*.css' {}
declare module '*?raw' {
  const text: string;
  export default text;
}
