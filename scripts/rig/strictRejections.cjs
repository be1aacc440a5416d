// Fails the test in which a rejection stays unhandled: mocha (11.8) hands it on to whoever listens, and nobody does.
process.on('unhandledRejection', (reason) => {
  throw reason;
});
