// Where the checkout is. Test bundles run from another folder, so import.meta cannot tell them.

/** Absolute path of the checkout: `VIRT_REWIND_ROOT`, else the working directory (npm sets it to the checkout). */
export const root = process.env['VIRT_REWIND_ROOT'] ?? process.cwd();
