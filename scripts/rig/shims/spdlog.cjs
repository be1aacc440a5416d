// Stands in for @vscode/spdlog, whose C++ takes 20 s to build: the same calls, the same log files, no rotation.
const fs = require('node:fs');
const path = require('node:path');

const levels = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];

class Logger {
  /** @param {string} _type @param {string} _name @param {string} file */
  constructor(_type, _name, file) {
    this.file = file;
    this.level = 2;
    this.raw = false;
  }
  /** @param {number} level @param {unknown} message */
  write(level, message) {
    if (level < this.level) return;
    const time = new Date().toISOString().replace('T', ' ').replace('Z', '');
    try {
      fs.appendFileSync(this.file, this.raw ? String(message) : `${time} [${levels[level]}] ${message}\n`);
    } catch (error) {
      // A logger must not end the editor: the data folder goes first when a test run ends.
      const { code, message: why } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code !== 'ENOENT') process.stderr.write(`log file ${this.file}: ${why}\n`);
    }
  }
  getLevel() {
    return this.level;
  }
  /** @param {number} level */
  setLevel(level) {
    this.level = level;
  }
  setPattern() {}
  clearFormatters() {
    this.raw = true;
  }
  flush() {}
  drop() {}
}
/** @type {Record<string, (this: Logger, message: unknown) => void>} */
const byLevel = {};
['trace', 'debug', 'info', 'warn', 'error', 'critical'].forEach((name, level) => {
  byLevel[name] = function (message) {
    this.write(level, message);
  };
});
Object.assign(Logger.prototype, byLevel);

/** @param {string} _name @param {string} file */
async function create(_name, file) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  return new Logger('', '', file);
}

// Assigned one by one, because VS Code imports this file as an ES module and needs the names to be found.
exports.version = 1;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
