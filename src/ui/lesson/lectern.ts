// A lesson with the panel that shows it.
import type { Lesson } from '../../lesson/lesson.js';
import type { LessonPanel } from './lessonPanel.js';

export interface Lectern {
  readonly lesson: Lesson;
  readonly panel: LessonPanel;
}
