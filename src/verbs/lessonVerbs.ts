// What leads through the lesson.
import { inTitle, type Verb } from './verb.js';

const leafing =
  'virtRewind.lesson && !inputFocus && focusedView == virtRewind.vms || virtRewind.lesson && !inputFocus && !listFocus';

export const lessonVerbs = {
  lesson: {
    title: 'Snapshot Lesson…',
    icon: 'mortar-board',
    arguments: ['lesson', 'connection'],
    remark: 'without `lesson`: starts it, or asks where it has begun',
    places: [inTitle('3_learn@1')],
    keys: [
      { key: 'ctrl+alt+n', when: 'virtRewind.lesson', given: { lesson: 'next' } },
      { key: 'pagedown', when: leafing, given: { lesson: 'next' } },
      { key: 'ctrl+alt+p', when: 'virtRewind.lesson', given: { lesson: 'back' } },
      { key: 'pageup', when: leafing, given: { lesson: 'back' } },
    ],
  },
} as const satisfies Record<string, Verb>;
