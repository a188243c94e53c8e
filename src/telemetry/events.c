#include "telemetry/events.h"

#include "base/number.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { GROUPED = 32 };

static Event *slot(EventLog *log, int64_t n)
{
    return &log->events[n % EVENT_COUNT];
}

static Event *append(EventLog *log, EventKind kind, int64_t step)
{
    Event *event = slot(log, log->total++);

    *event = (Event){.kind = kind, .step = step, .last_step = step, .count = 1};
    return event;
}

/* "loss scale 2^17 -> 2^16", or where it stays, "loss scale 2^40". */
static void describe_scale(Event *event, float scale_next)
{
    char from[NUMBER_TEXT], to[NUMBER_TEXT];

    float_friendly(event->scale_used, from);
    float_friendly(scale_next, to);
    if (event->scale_used == scale_next)
        snprintf(event->text, sizeof event->text, "loss scale %s", from);
    else
        snprintf(event->text, sizeof event->text, "loss scale %s -> %s", from, to);
}

static bool continues(const Event *event, int64_t step, const char *tensor)
{
    return event->kind == EVENT_SKIP && event->last_step == step - 1 &&
           strncmp(event->tensor, tensor, sizeof event->tensor - 1) == 0;
}

void events_clear(EventLog *log)
{
    memset(log, 0, sizeof *log);
}

void events_add(EventLog *log, EventKind kind, int64_t step, const char *fmt, ...)
{
    Event *event = append(log, kind, step);
    va_list args;

    va_start(args, fmt);
    vsnprintf(event->text, sizeof event->text, fmt, args);
    va_end(args);
}

void events_add_skip(EventLog *log, int64_t step, const char *tensor, float scale_used,
                     float scale_next)
{
    Event *event = log->total > 0 ? slot(log, log->total - 1) : NULL;

    if (event != NULL && continues(event, step, tensor)) {
        event->last_step = step;
        event->count++;
    } else {
        event = append(log, EVENT_SKIP, step);
        event->scale_used = scale_used;
        text_copy(event->tensor, sizeof event->tensor, tensor);
    }
    describe_scale(event, scale_next);
}

int events_held(const EventLog *log)
{
    return log->total < EVENT_COUNT ? (int)log->total : EVENT_COUNT;
}

const Event *events_get(const EventLog *log, int i)
{
    return &log->events[(log->total - events_held(log) + i) % EVENT_COUNT];
}

/* 1190 becomes "1,190". */
static const char *group(int64_t number, char text[GROUPED])
{
    char digits[GROUPED];
    int length = snprintf(digits, sizeof digits, "%" PRId64, number), out = 0;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
            text[out++] = ',';
        text[out++] = digits[i];
    }
    text[out] = '\0';
    return text;
}

static void skip_line(const Event *event, char *line, size_t room)
{
    const char *between = event->tensor[0] == '\0' ? "" : "; ";
    char first[GROUPED], last[GROUPED], count[GROUPED];

    group(event->step, first);
    if (event->count == 1) {
        snprintf(line, room, "step %s skipped: %s%s%s", first, event->tensor, between, event->text);
        return;
    }
    snprintf(line, room, "steps %s-%s skipped, %s: %s%s%s", first, group(event->last_step, last),
             group(event->count, count), event->tensor, between, event->text);
}

const char *event_line(const Event *event, char *line, int room)
{
    char step[GROUPED];

    if (event->kind == EVENT_SKIP)
        skip_line(event, line, (size_t)room);
    else
        snprintf(line, (size_t)room, "step %s: %s", group(event->step, step), event->text);
    return line;
}
