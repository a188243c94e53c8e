/* A string that grows. An empty Text is all zeros and owns nothing.
 *
 * Thread rule: one owner at a time.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/status.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Text {
    char *chars; /* NULL while empty; else ends in NUL */
    size_t length, room;
} Text;

void text_release(Text *text);
void text_clear(Text *text);

/* Borrowed until the text changes; "" for an empty one. */
const char *text_chars(const Text *text);

void text_append(Text *text, const char *chars);
void text_append_bytes(Text *text, const char *bytes, size_t count);
void text_printf(Text *text, const char *fmt, ...) PRINTF_LIKE(2, 3);
void text_vprintf(Text *text, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

/* Appends the word so that a line of commands takes it for one: in quotes where it needs them. No quotes
 * hold a word that has both kinds. */
void text_append_word(Text *text, const char *word);

/* Appends spaces up to column `column` of the last line (counted in bytes). */
void text_pad(Text *text, size_t column);

/* Copies what fits and always ends in NUL. */
void text_copy(char *to, size_t room, const char *from);

bool text_starts(const char *text, const char *prefix);

/* Appends the NULL-ended words as a choice: "dynamic, static or off". */
void text_list(Text *text, const char *const *words);

/* The entry of the NULL-ended list that `word` is most likely a slip of (at most two edits away),
 * or NULL. For "did you mean". */
const char *text_nearest(const char *word, const char *const *list);

#ifdef __cplusplus
}
#endif

#endif
