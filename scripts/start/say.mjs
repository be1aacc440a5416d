// How `npm start` talks: a line for each step, with the seconds since it began.

const began = performance.now();

/** @param {string} line one step, in words that someone understands who sees the project for the first time */
export function say(line) {
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${line}`);
}

/**
 * Ends the run with words instead of a stack: what is wrong, and the next step.
 */
export class StartStopped extends Error {}
