// What the wings give to programs: the library, and the tools of agents. Each is loaded when it is needed.

export const wingReaders = {
  files: () => import('./inside/readFiles.js'),
  copies: () => import('./copies/readCopies.js'),
};
