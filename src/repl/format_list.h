/* The formats that somebody named: "fp16 bf16" or "fp16,bf16". */
#ifndef REPL_FORMAT_LIST_H
#define REPL_FORMAT_LIST_H

#include "numerics/format.h"

typedef struct FormatList {
    Format formats[FORMAT_COUNT]; /* each once, in the order named */
    int count;
} FormatList;

/* Appends to `list`. Fails: STATUS_USAGE for an unknown name, listing those there are. */
Status format_list_read(const char *words, FormatList *list) MUST_CHECK;

/* The same of formats that a step may be computed in, as `autocast` calls them: off, and fp8, which stands
 * in the list as e4m3. Fails: STATUS_USAGE. */
Status step_list_read(const char *words, FormatList *list) MUST_CHECK;

#endif
