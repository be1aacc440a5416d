// Programs for shells are files of their own, which a bundle has as texts.
declare module '*.sh' {
  const program: string;
  export default program;
}
