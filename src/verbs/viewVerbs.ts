// What the view shows, and of which hosts.
import { inTitle, onRow, type Verb } from './verb.js';

export const viewVerbs = {
  addConnection: {
    title: 'Add Connection…',
    icon: 'add',
    arguments: ['connection'],
    places: [inTitle('navigation@2')],
  },
  removeConnection: {
    title: 'Remove Connection',
    icon: 'close',
    arguments: ['connection'],
    places: [onRow('9_danger@4', { is: ['connection'], rows: 'one' })],
  },
  connect: {
    title: 'Connect',
    icon: 'plug',
    arguments: ['connection'],
    places: [onRow('inline@1', { is: ['connectable'] }), onRow('1_create@0', { is: ['connectable'] })],
  },
  refresh: {
    title: 'Refresh',
    icon: 'refresh',
    arguments: ['vm', 'connection'],
    remark: 'without either: everything',
    places: [inTitle('navigation@3'), onRow('6_care@3', { is: ['connection'] })],
  },
  filter: {
    title: 'Filter…',
    icon: 'filter',
    arguments: ['filter'],
    places: [inTitle('navigation@1')],
  },
  clearFilter: {
    title: 'Clear Filter',
    icon: 'search-stop',
    arguments: [],
    palette: 'virtRewind.filtered',
    places: [inTitle('navigation@0', 'virtRewind.filtered')],
  },
  showAsTree: {
    title: 'Show as Tree',
    icon: 'list-tree',
    arguments: [],
    palette: "config.virtRewind.tree.layout != 'tree'",
    places: [inTitle('1_show@1', "config.virtRewind.tree.layout != 'tree'")],
  },
  showAsList: {
    title: 'Show as List',
    icon: 'list-flat',
    arguments: [],
    palette: "config.virtRewind.tree.layout != 'list'",
    places: [inTitle('1_show@1', "config.virtRewind.tree.layout != 'list'")],
  },
  sortByTime: {
    title: 'Sort Snapshots by Time',
    icon: 'clock',
    arguments: [],
    palette: "config.virtRewind.tree.sort != 'time'",
    places: [inTitle('1_show@2', "config.virtRewind.tree.sort != 'time'")],
  },
  sortByName: {
    title: 'Sort Snapshots by Name',
    icon: 'case-sensitive',
    arguments: [],
    palette: "config.virtRewind.tree.sort != 'name'",
    places: [inTitle('1_show@2', "config.virtRewind.tree.sort != 'name'")],
  },
  sortVmsByName: {
    title: 'Sort VMs by Name',
    icon: 'case-sensitive',
    arguments: [],
    palette: "config.virtRewind.tree.vms != 'name'",
    places: [inTitle('1_vms@1', "config.virtRewind.tree.vms != 'name'")],
  },
  sortVmsByState: {
    title: 'Sort VMs by State',
    icon: 'vm-running',
    arguments: [],
    palette: "config.virtRewind.tree.vms != 'state'",
    places: [inTitle('1_vms@2', "config.virtRewind.tree.vms != 'state'")],
  },
  sortVmsByUse: {
    title: 'Sort VMs by Recent Use',
    icon: 'history',
    arguments: [],
    palette: "config.virtRewind.tree.vms != 'recent'",
    places: [inTitle('1_vms@3', "config.virtRewind.tree.vms != 'recent'")],
  },
} as const satisfies Record<string, Verb>;
