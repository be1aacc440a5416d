// A lesson with the panel that shows it.
import type { Lesson } from '../../lesson/lesson.js';
import type { LessonPanel } from './lessonPanel.js';

export interface LessonWithPanel {
  readonly lesson: Lesson;
  readonly panel: LessonPanel;
}
