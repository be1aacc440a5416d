// The views and the container that package.json promises. A test compares the two.

export const containerId = 'virtRewind';
export const treeViewId = 'virtRewind.vms';
/** The type of tabs with a picture; restored ones start the extension. */
export const pictureViewType = 'virtRewind.picture';
/** The type of tabs with a picture of a system of VMs. */
export const systemPictureType = 'virtRewind.systemPicture';
/** The editor tab of the lesson: keys ask for it. */
export const lessonPanelType = 'virtRewind.lessonPanel';
/** The editor tab with the history. */
export const historyPanelType = 'virtRewind.history';
/** The editor tabs with what is wrong with VMs. */
export const problemPanelType = 'virtRewind.problems';
/** The editor tabs with the display of a VM. */
export const displayPanelType = 'virtRewind.display';
/** The editor tab with all VMs. */
export const vmsPanelType = 'virtRewind.allVms';

/** The type of the tasks in tasks.json. */
export const taskType = 'virt-rewind';
