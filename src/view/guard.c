#include "view/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { RESTORE_BYTES = 256, STACK_BYTES = 64 * 1024, PATIENCE = 200 /* milliseconds */ };
enum { LAST_WORDS = 4096 };

static const int fatal_signals[] = {SIGSEGV, SIGABRT, SIGBUS,  SIGFPE,
                                    SIGILL,  SIGTERM, SIGQUIT, SIGINT};
static const int news_signals[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGHUP};

enum { FATAL_COUNT = sizeof fatal_signals / sizeof fatal_signals[0] };
enum { NEWS_COUNT = sizeof news_signals / sizeof news_signals[0] };

/* Handlers have no other way to know these. */
static struct {
    volatile sig_atomic_t visual;
    bool open, at_exit;
    int caught, out, err; /* caught > 0: what was printed is in there */
    int fd, news_in, news_out;
    struct termios settings;
    char restore[RESTORE_BYTES];
    size_t restore_bytes;
    struct sigaction fatal_before[FATAL_COUNT], news_before[NEWS_COUNT];
    stack_t stack_before;
    char stack[STACK_BYTES];
} guard;

/* The last words are often what matters. */
static void spill(void)
{
    char words[LAST_WORDS];
    off_t end = lseek(guard.caught, 0, SEEK_END);
    ssize_t count;

    (void)dup2(guard.out, STDOUT_FILENO);
    (void)dup2(guard.err, STDERR_FILENO);
    count = pread(guard.caught, words, sizeof words, end > LAST_WORDS ? end - LAST_WORDS : 0);
    if (count > 0 && write(STDERR_FILENO, words, (size_t)count) < 0) {
        /* There is nobody to read them. */
    }
}

/* Restores once: a second time would move the cursor over what was printed since. */
static void restore_terminal(void)
{
    if (!guard.visual)
        return;
    guard.visual = 0;
    (void)poll(&(struct pollfd){.fd = guard.fd, .events = POLLOUT}, 1, PATIENCE);
    if (write(guard.fd, guard.restore, guard.restore_bytes) < 0) {
        /* A terminal that is gone needs no restoring. */
    }
    (void)tcsetattr(guard.fd, TCSANOW, &guard.settings);
    if (guard.caught > 0)
        spill();
}

/* Whoever had the signal before us gets it next, when it is unblocked at our return. */
static void on_fatal(int number)
{
    restore_terminal();
    for (int i = 0; i < FATAL_COUNT; i++) {
        if (fatal_signals[i] == number)
            (void)sigaction(number, &guard.fatal_before[i], NULL);
    }
    (void)raise(number);
}

static void on_news(int number)
{
    int before = errno;
    char byte = (char)number;

    if (write(guard.news_in, &byte, 1) < 0) {
        /* A full pipe has news enough. */
    }
    errno = before;
}

static void take_signal(int number, void (*handler)(int), struct sigaction *before)
{
    struct sigaction action = {.sa_flags = SA_RESTART | SA_ONSTACK};

    action.sa_handler = handler;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, NULL, before);
    if (before->sa_handler == SIG_IGN)
        return;
    if (number == SIGINT && before->sa_handler != SIG_DFL)
        return;
    (void)sigaction(number, &action, NULL);
}

/* A stack that has run over cannot carry its own handler. */
static void take_stack(void)
{
    stack_t stack = {.ss_sp = guard.stack, .ss_size = sizeof guard.stack};

    (void)sigaltstack(NULL, &guard.stack_before);
    if ((guard.stack_before.ss_flags & SS_DISABLE) != 0)
        (void)sigaltstack(&stack, NULL);
}

static void open_pipe(void)
{
    int ends[2] = {-1, -1};

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        ends[0] = ends[1] = -1;
    guard.news_out = ends[0];
    guard.news_in = ends[1];
}

void guard_open(int fd, const char *restore, size_t bytes)
{
    guard.fd = fd;
    guard.restore_bytes = bytes < RESTORE_BYTES ? bytes : RESTORE_BYTES;
    memcpy(guard.restore, restore, guard.restore_bytes);
    (void)tcgetattr(fd, &guard.settings);
    open_pipe();
    take_stack();
    for (int i = 0; i < FATAL_COUNT; i++)
        take_signal(fatal_signals[i], on_fatal, &guard.fatal_before[i]);
    for (int i = 0; i < NEWS_COUNT; i++)
        take_signal(news_signals[i], on_news, &guard.news_before[i]);
    if (!guard.at_exit)
        guard.at_exit = atexit(restore_terminal) == 0;
    guard.open = true;
}

void guard_close(void)
{
    if (!guard.open)
        return;
    guard.open = false;
    for (int i = 0; i < FATAL_COUNT; i++)
        (void)sigaction(fatal_signals[i], &guard.fatal_before[i], NULL);
    for (int i = 0; i < NEWS_COUNT; i++)
        (void)sigaction(news_signals[i], &guard.news_before[i], NULL);
    if ((guard.stack_before.ss_flags & SS_DISABLE) != 0)
        (void)sigaltstack(&guard.stack_before, NULL);
    (void)close(guard.news_in);
    (void)close(guard.news_out);
}

void guard_visual(bool visual)
{
    guard.visual = visual;
}

void guard_caught(int caught, int out, int err)
{
    guard.out = out;
    guard.err = err;
    guard.caught = caught;
}

int guard_fd(void)
{
    return guard.news_out;
}

Noticed guard_noticed(void)
{
    Noticed noticed = {.gone = false};
    char byte;

    while (read(guard.news_out, &byte, 1) == 1) {
        noticed.resized |= byte == SIGWINCH;
        noticed.suspend |= byte == SIGTSTP;
        noticed.continued |= byte == SIGCONT;
        noticed.gone |= byte == SIGHUP;
    }
    return noticed;
}

/* The whole group, so that a shell sees its job stop even where we are not its only process. */
void guard_stop(void)
{
    struct sigaction ours, standard = {.sa_flags = 0};

    standard.sa_handler = SIG_DFL;
    (void)sigemptyset(&standard.sa_mask);
    (void)sigaction(SIGTSTP, &standard, &ours);
    (void)kill(0, SIGTSTP);
    (void)sigaction(SIGTSTP, &ours, NULL);
}
