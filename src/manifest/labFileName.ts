// What a lab file is called; package.json says it too.

export const labFileName = 'virt-rewind.yaml';
