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
  arrange: {
    title: 'Sort and Layout…',
    icon: 'list-tree',
    arguments: ['layout', 'sort', 'sortVms'],
    remark: 'without any: asks',
    places: [inTitle('1_show@1')],
  },
} as const satisfies Record<string, Verb>;
