/* The text of a lesson in another language: a file of its own, which holds no logic.
 *
 *     @of underflow-silent
 *     @lang zh
 *     @title src=1a2b3c4d
 *     ...
 *     @hint step=look n=2 src=...
 *     @choice step=guess name=a src=...
 *     @msg step=look check=flat src=...
 *
 * `src` is the hash of what is translated, blanks folded. Where it differs the translation is stale, and
 * the source is shown instead; so it is where a translation is missing. Braces and keys must be those of
 * the source.
 */
#ifndef LESSON_SIDECAR_H
#define LESSON_SIDECAR_H

#include "lesson/lesson.h"

typedef struct SidecarFacts {
    int shown, stale, missing; /* blocks and messages */
    Text list;                 /* those that are stale or missing, a line each */
} SidecarFacts;

void sidecar_facts_release(SidecarFacts *facts);

/* The place of a lesson's sidecar: FOLDER/i18n/LANG/FILE beside FOLDER/FILE. */
void sidecar_path(const Lesson *lesson, const char *lang, Text *path);

/* Shows the lesson in this language as far as its sidecar goes. In its own language, or where there is
 * none, it is shown as it was written. Fails: STATUS_USAGE, with file and line: a step that the lesson
 * has not, other braces. */
Status sidecar_read(Lesson *lesson, const char *lang, SidecarFacts *facts) MUST_CHECK;

/* Appends a sidecar as it should be: translations that are there, each with the hash of its source, and
 * the source itself, behind `TODO`, where there is none; below it, as comments, a stale one. */
void sidecar_print(Lesson *lesson, const char *lang, Text *text);

#endif
