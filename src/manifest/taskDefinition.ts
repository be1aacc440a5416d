// The tasks that package.json promises. A test compares the two.

export const taskType = 'virt-rewind';
export const taskActions = [
  'start',
  'shutDown',
  'forceOff',
  'wait',
  'checkpoint',
  'revert',
  'run',
  'createLab',
  'resetLab',
] as const;
