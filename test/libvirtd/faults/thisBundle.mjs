// @ts-check
// Where the bundle that this file is part of stands: a child process is started from it.
export const thisBundle = import.meta.filename;
