// What leads through the lesson.
import { inTitle, type Verb } from './verb.js';

export const lessonVerbs = {
  startLesson: {
    title: 'Start the Snapshot Lesson',
    icon: 'mortar-board',
    arguments: ['connection'],
    places: [inTitle('3_learn@1')],
  },
  lessonNext: {
    title: 'Lesson: Next Step',
    icon: 'arrow-right',
    arguments: [],
    palette: 'virtRewind.lesson',
    keys: [
      { key: 'ctrl+alt+n', when: 'virtRewind.lesson' },
      {
        key: 'pagedown',
        when: 'virtRewind.lesson && !inputFocus && focusedView == virtRewind.vms || virtRewind.lesson && !inputFocus && !listFocus',
      },
    ],
  },
  lessonBack: {
    title: 'Lesson: Back',
    icon: 'arrow-left',
    arguments: [],
    palette: 'virtRewind.lesson',
    keys: [
      { key: 'ctrl+alt+p', when: 'virtRewind.lesson' },
      {
        key: 'pageup',
        when: 'virtRewind.lesson && !inputFocus && focusedView == virtRewind.vms || virtRewind.lesson && !inputFocus && !listFocus',
      },
    ],
  },
  restartLesson: {
    title: 'Lesson: Start Over',
    icon: 'debug-restart',
    arguments: ['connection'],
    palette: 'virtRewind.lesson',
  },
  endLesson: {
    title: 'Lesson: End and Delete Its VM',
    icon: 'close',
    arguments: [],
    palette: 'virtRewind.lesson',
  },
} as const satisfies Record<string, Verb>;
