/* Lua, shut in: the only door to its library.
 *
 * Only what words[] in sandbox.c lists is there, and the metrics: no library is opened, so nothing
 * can load code, catch an error, touch a metatable or match a pattern. Instructions and memory are
 * bounded, texts are bounded, and every failure of Lua, its lack of memory included, is a Status.
 *
 * Thread rule: one thread at a time; not re-entrant.
 */
#ifndef TELEMETRY_SANDBOX_H
#define TELEMETRY_SANDBOX_H

#include "base/text.h"
#include "telemetry/metric.h"
#include "telemetry/past.h"

typedef struct Sandbox Sandbox;

enum {
    SANDBOX_TEXT = 4096,   /* the longest text that can be joined or printed, in bytes */
    SANDBOX_CHUNK = 65536, /* the longest chunk */
};

/* What Lua asks of us. */
typedef struct SandboxHost {
    void *context;
    int64_t instructions; /* at most so many in one run */
    Status (*metric)(void *context, const Metric *metric, const char *tensor, Measure *measure);
    Status (*past)(void *context, const Past **past);   /* of runs, looked, sums and start */
    Status (*command)(void *context, const char *line); /* NULL: neither command, nor print, nor
                                                           globals that can be set */
    void (*print)(void *context, const char *line);
} SandboxHost;

typedef enum SandboxKind {
    SANDBOX_NOTHING, /* there is no first value */
    SANDBOX_FALSE,
    SANDBOX_TRUE,
    SANDBOX_NUMBER,
    SANDBOX_NONE,
    SANDBOX_OTHER,
} SandboxKind;

/* Copies the host. */
Sandbox *sandbox_new(const SandboxHost *host);
void sandbox_free(Sandbox *sandbox);

/* Compiles what rewrite_append made; it replaces what was loaded before. Fails: STATUS_USAGE. */
Status sandbox_load(Sandbox *sandbox, const char *lua) MUST_CHECK;

/* Runs what was loaded, and appends the values it returns to `line`, tab-separated. Fails: with the
 * Status of a metric or a command; STATUS_USAGE; STATUS_INTERRUPTED. */
Status sandbox_run(Sandbox *sandbox, bool (*interrupted)(void), SandboxKind *first,
                   Text *line) MUST_CHECK;

/* The i-th word that is there besides the metrics, those of scripts among them or not; NULL at the
 * end. */
const char *sandbox_word(int i, bool script);

#endif
