/* Numbers in the learner's words. */
#ifndef REPL_PHRASE_H
#define REPL_PHRASE_H

#include "base/number.h"
#include "base/text.h"
#include "telemetry/snapshot.h"
#include "train/settings.h"

/* 1190 as "1,190". Returns `text`. */
const char *phrase_count(int64_t count, char text[NUMBER_TEXT]);

/* 1 as "1st", 112 as "112th". Returns `text`. */
const char *phrase_ordinal(int64_t number, char text[NUMBER_TEXT]);

/* A number to four digits, or "none". Returns `text`. */
const char *phrase_measure(Measure measure, char text[NUMBER_TEXT]);

#endif
