// The package ships no types. Source: its index.js, version 1.4.3.
declare module 'unbzip2-stream' {
  export default function unbzip2Stream(): NodeJS.ReadWriteStream;
}
