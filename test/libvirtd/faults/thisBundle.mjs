// @ts-check
// Which bundle runs: a child process is started from it. What bundles share stands in files of its own, so that
// import.meta cannot tell; a program of one bundle, as the histories, is what Node was given.
const bundle = process.argv.filter((word) => word.endsWith('.test.mjs')).at(-1) ?? process.argv[1];
if (bundle === undefined) throw new Error('run by something else than a bundle of tests');
export const thisBundle = bundle;
