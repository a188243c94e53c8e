/* What the live view costs here: from a key to the screen, bytes a frame, time of the processor, and
 * steps a second beside those without it. Prints a table; fails where a figure is an order of magnitude
 * beyond its gate, which no busy machine explains.
 *
 *   gates [SECONDS]      for each measurement; default 1
 *
 * $HALFSTEP names the program (build/halfstep).
 */
#include "console.h"
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_KEYS = 4000, PACE = 60, FULL_SPEED = 0, USER_FIELD = 14 };

typedef struct Size {
    int rows, cols;
    double most_bytes; /* a frame */
} Size;

static const Size sizes[] = {{24, 80, 2048}, {40, 120, 3072}, {50, 200, 5120}};

static int seconds_each = 1;
static const char *threads = "1";

static int run_program(void)
{
    const char *path = getenv("HALFSTEP");

    execl(path == NULL ? "build/halfstep" : path, "halfstep", "--backend", "cpu", "--threads",
          threads, (char *)NULL);
    perror("halfstep");
    return 1;
}

static double now(void)
{
    struct timespec moment;

    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (double)moment.tv_sec + (double)moment.tv_nsec * 1e-9;
}

/* Seconds of processor that a thread of the program, or all of them, took. The main thread draws. */
static double processor_seconds(pid_t program, bool main_thread)
{
    char path[64], line[512] = "";
    long user, system;
    char *behind;
    const char *at;
    FILE *file;

    if (main_thread)
        snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)program, (int)program);
    else
        snprintf(path, sizeof path, "/proc/%d/stat", (int)program);
    file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL)
        line[0] = '\0';
    if (file != NULL)
        (void)fclose(file);
    at = strrchr(line, ')');
    for (int field = 2; at != NULL && field < USER_FIELD; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return 0.0;
    user = strtol(at, &behind, 10);
    system = strtol(behind, NULL, 10);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void begin(Pty *terminal, const Size *size, int pace)
{
    char line[64];

    pty_open(terminal, &(PtyProgram){.run = run_program, .rows = size->rows, .cols = size->cols});
    pty_enter(terminal, "watch");
    snprintf(line, sizeof line, "pace %d", pace);
    pty_enter(terminal, pace == FULL_SPEED ? "pace max" : line);
    pty_enter(terminal, "run");
    (void)pty_wait_for(terminal, "RUN");
    pty_watch(terminal, 300);
}

static void end(Pty *terminal)
{
    pty_type(terminal, "\003\025quit\r");
    (void)pty_end(terminal);
    pty_close(terminal);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Milliseconds from a key that is typed to its character on the screen. */
static double key_delay(Pty *terminal, char key)
{
    char typed[2] = {key, '\0'}, line[PTY_LINE];
    double begun = now();

    pty_type(terminal, typed);
    do {
        pty_pump(terminal, 100);
        pty_last_row(terminal, line);
    } while (line[2] != key && now() - begun < 2.0);
    return (now() - begun) * 1e3;
}

static void measure_keys(const Size *size, int pace)
{
    static double delays[MOST_KEYS];
    char words[96];
    double finish;
    int count = 0;
    Pty terminal;

    begin(&terminal, size, pace);
    for (finish = now() + seconds_each; now() < finish && count < MOST_KEYS; count++) {
        delays[count] = key_delay(&terminal, (char)('a' + count % 26));
        pty_type(&terminal, "\177");
        pty_watch(&terminal, 3 + count % 17);
    }
    end(&terminal);
    qsort(delays, (size_t)count, sizeof *delays, by_value);
    printf("%dx%d, %s, %s threads: key to screen, ms: p50 %.2f  p95 %.2f  max %.2f  (%d keys)\n",
           size->cols, size->rows, pace == FULL_SPEED ? "pace max" : "pace 60", threads,
           delays[count / 2], delays[count * 95 / 100], delays[count - 1], count);
    snprintf(words, sizeof words, "keys are on the screen at once (%dx%d)", size->cols, size->rows);
    expect(delays[count * 95 / 100] < 100.0, words);
}

static void measure_frames(const Size *size, int pace)
{
    double begun, took, processor;
    long bytes, frames;
    char words[96];
    Pty terminal;

    begin(&terminal, size, pace);
    begun = now();
    bytes = terminal.bytes, frames = terminal.frames;
    processor = processor_seconds(terminal.child, true);
    pty_watch(&terminal, 2000 * seconds_each);
    took = now() - begun;
    bytes = terminal.bytes - bytes, frames = terminal.frames - frames;
    processor = processor_seconds(terminal.child, true) - processor;
    end(&terminal);
    printf("%dx%d, %s, %s threads: %.1f frames/s, %.0f bytes a frame, view %.1f%% of a core\n",
           size->cols, size->rows, pace == FULL_SPEED ? "pace max" : "pace 60", threads,
           (double)frames / took, (double)bytes / (double)(frames > 0 ? frames : 1),
           processor / took * 100.0);
    snprintf(words, sizeof words, "frames are small (%dx%d)", size->cols, size->rows);
    expect(frames > 0 && (double)bytes / (double)frames < size->most_bytes * 10.0, words);
    snprintf(words, sizeof words, "frames are cheap (%dx%d)", size->cols, size->rows);
    expect(processor / took < 0.8, words);
}

static void measure_idle(const Size *size)
{
    double processor;
    long bytes;
    Pty terminal;

    begin(&terminal, size, PACE);
    pty_enter(&terminal, "pause");
    pty_watch(&terminal, 500);
    bytes = terminal.bytes;
    processor = processor_seconds(terminal.child, false);
    pty_watch(&terminal, 2000 * seconds_each);
    bytes = terminal.bytes - bytes;
    processor = processor_seconds(terminal.child, false) - processor;
    end(&terminal);
    printf("%dx%d, paused: %ld bytes, %.2f%% of a core\n", size->cols, size->rows, bytes,
           processor / 2.0 / seconds_each * 100.0);
    expect(bytes == 0, "a paused view sends nothing");
}

/* The step in the last "paused after step 1,234". */
static double paused_step(const Pty *terminal)
{
    static const char words[] = "paused after step ";
    char line[PTY_LINE];
    double step = 0.0;
    int rows, cols;

    vterm_get_size(terminal->vterm, &rows, &cols);
    for (int row = 0; row < rows; row++) {
        const char *at;

        pty_row(terminal, row, line);
        at = strstr(line, words);
        if (at != NULL)
            step = 0.0;
        for (at = at == NULL ? "" : at + strlen(words); strchr("0123456789,", *at) && *at; at++)
            step = *at == ',' ? step : step * 10.0 + (*at - '0');
    }
    return step;
}

/* What was done, and what it took. */
typedef struct Work {
    double steps, seconds, processor;
} Work;

/* Adds what is done in a time, at full speed. */
static void work(const Size *size, bool view, Work *sum)
{
    double begun, processor, first;
    Pty terminal;

    pty_open(&terminal, &(PtyProgram){.run = run_program, .rows = size->rows, .cols = size->cols});
    if (view)
        pty_enter(&terminal, "watch");
    pty_enter(&terminal, "pace max; run; pause; print 4*24683");
    (void)pty_wait_for(&terminal, "98732");
    first = paused_step(&terminal);
    pty_enter(&terminal, "run");
    begun = now();
    processor = processor_seconds(terminal.child, false);
    pty_watch(&terminal, 1000 * seconds_each);
    sum->processor += processor_seconds(terminal.child, false) - processor;
    sum->seconds += now() - begun;
    pty_enter(&terminal, "pause; print 4*19753");
    (void)pty_wait_for(&terminal, "79012");
    sum->steps += paused_step(&terminal) - first;
    end(&terminal);
}

/* Taking turns. What else the machine does disturbs steps a second, but hardly those for each second of
 * processor. */
static void measure_speed(const Size *size)
{
    Work with = {.steps = 0.0}, without = {.steps = 0.0};
    double wall, processor;

    for (int turn = 0; turn < 2 * seconds_each; turn++) {
        work(size, true, &with);
        work(size, false, &without);
    }
    wall = with.steps / with.seconds / (without.steps / without.seconds);
    processor = with.steps / with.processor / (without.steps / without.processor);
    printf("%dx%d, pace max, %s threads: %.0f steps/s with the view, %.0f without: %.3f; for each "
           "second of processor %.0f and %.0f: %.3f\n",
           size->cols, size->rows, threads, with.steps / with.seconds,
           without.steps / without.seconds, wall, with.steps / with.processor,
           without.steps / without.processor, processor);
    expect(processor > 0.8, "the view leaves the training its processors");
}

/* Milliseconds from Enter to the answer, while it trains. */
static void measure_answers(const Size *size)
{
    static double delays[MOST_KEYS];
    double finish;
    char line[32];
    int count = 0;
    Pty terminal;

    begin(&terminal, size, FULL_SPEED);
    for (finish = now() + seconds_each; now() < finish && count < MOST_KEYS; count++) {
        double begun;

        snprintf(line, sizeof line, "scale 2^%d", 20 + count % 8);
        pty_enter(&terminal, line);
        begun = now();
        snprintf(line, sizeof line, "scale 2^%d, from", 20 + count % 8);
        while (pty_count_rows(&terminal, line) == 0 && now() - begun < 2.0 &&
               pty_pump(&terminal, 100))
            ;
        delays[count] = (now() - begun) * 1e3;
    }
    end(&terminal);
    qsort(delays, (size_t)count, sizeof *delays, by_value);
    printf("%dx%d, pace max, %s threads: Enter to answer, ms: p50 %.1f  p95 %.1f  max %.1f  (%d)\n",
           size->cols, size->rows, threads, delays[count / 2], delays[count * 95 / 100],
           delays[count - 1], count);
}

static void measure_storm(const Size *size)
{
    unsigned random = 1;
    Pty terminal;
    double begun;

    begin(&terminal, size, PACE);
    for (int i = 0; i < 400; i++) {
        random = random * 1103515245U + 12345U;
        pty_resize(&terminal, 1 + (int)(random >> 16) % 70, 1 + (int)(random >> 8) % 250);
        pty_watch(&terminal, 6);
    }
    pty_settle(&terminal);
    pty_resize(&terminal, size->rows, size->cols);
    begun = now();
    while (pty_cursor(&terminal).row != size->rows - 1 && now() - begun < 2.0)
        pty_pump(&terminal, 10);
    printf("%dx%d after 400 sizes: settled in %.1f ms\n", size->cols, size->rows,
           (now() - begun) * 1e3);
    expect(now() - begun < 0.5, "a storm of sizes settles");
    end(&terminal);
}

static void measure_vanishing(const Size *size)
{
    Pty terminal;
    double begun;

    begin(&terminal, size, PACE);
    begun = now();
    pty_hang_up(&terminal);
    expect(pty_end(&terminal) == 1, "a terminal that closes ends the program");
    printf("terminal closed: saved and ended in %.0f ms at most\n", (now() - begun) * 1e3);
    pty_close(&terminal);
}

int main(int count, char **words)
{
    if (count > 1)
        seconds_each = (int)strtol(words[1], NULL, 10);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        measure_frames(&sizes[i], PACE);
        measure_keys(&sizes[i], PACE);
    }
    measure_idle(&sizes[2]);
    measure_storm(&sizes[0]);
    measure_vanishing(&sizes[0]);
    threads = "2";
    measure_frames(&sizes[2], FULL_SPEED);
    measure_keys(&sizes[2], FULL_SPEED);
    measure_answers(&sizes[2]);
    threads = "1"; /* two wait for each other, which takes processor too where there is little */
    measure_speed(&sizes[2]);
    return expect_sum();
}
