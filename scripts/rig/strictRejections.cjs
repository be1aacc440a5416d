// Fails the test in which a rejection stays unhandled: mocha (11.8) passes it to listeners, and there are none.
process.on('unhandledRejection', (reason) => {
  throw reason;
});

// If a file of tests throws while it is loaded, mocha prints the error itself.
const { format } = require('node:util');
const { withSourceLines } = require('./sourceLines.cjs');
const say = console.error;
console.error = (...words) => say(withSourceLines(format(...words)));
