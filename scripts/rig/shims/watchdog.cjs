// Stands in for the C++ of native-watchdog: ends a process whose parent is gone, even when its main thread hangs.
const { Worker } = require('node:worker_threads');

exports.start = (/** @type {number} */ pid) => {
  const watch = `setInterval(() => {
    try { process.kill(${Number(pid)}, 0); } catch { process.kill(${process.pid}, 'SIGKILL'); }
  }, 2000)`;
  new Worker(watch, { eval: true }).unref();
};
