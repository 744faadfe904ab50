// `worker:./file`: the program of a thread, bundled by itself, as text (gateway/bundle.mjs). Empty in tests.
declare module 'worker:*' {
  const program: string;
  export default program;
}
