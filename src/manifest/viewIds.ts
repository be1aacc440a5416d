// The view and its container that package.json promises. A test compares the two.

export const containerId = 'virtRewind';
export const treeViewId = 'virtRewind.vms';
