/* The little of JSON that the head of a tensor file uses, read strictly: objects, arrays, strings,
 * whole numbers. A reader walks and asks for what must come next; nothing is built.
 */
#ifndef TRAIN_JSON_H
#define TRAIN_JSON_H

#include "base/text.h"

typedef struct Json {
    const char *at, *end;
} Json;

/* Takes this character, if it comes next behind white space. */
bool json_take(Json *json, char c);

/* Nothing but white space is left. */
bool json_done(Json *json);

/* A string into `text`, which is cleared first. False: none comes next, or it is malformed: an unknown
 * escape, a control character, a NUL, bytes that are not UTF-8. */
bool json_string(Json *json, Text *text);

/* A whole number from 0 to 2^53. */
bool json_count(Json *json, int64_t *count);

/* Appends the text as a string, with its quotes. */
void json_quote(const char *chars, Text *text);

#endif
