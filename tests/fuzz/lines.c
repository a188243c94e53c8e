/* Random bytes and mutated commands on the standard input of the program itself: it must answer
 * each line and end by itself, without a crash and without hanging.
 *
 *   lines [LINES [SEED]]      $HALFSTEP names the program (build/halfstep)
 */
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LINES_EACH = 250, PATIENCE = 120, START = 4, DIGITS = 3, ASAN_STATUS = 99 };

static const char *const seeds[] = {
    "data spirals gain=2; net 2 8 3",
    "data moons limit=200 shuffle=off",
    "data noise features=40 classes=3 limit=500; net 40 3",
    "data fashion size=14 limit=200 target=input",
    "net 2 8 4 3 act=tanh",
    "net \"flatten, linear 8, gelu, linear 3\"",
    "loss mse weight=1e-4; loss cross-entropy",
    "optim momentum lr=0.1 momentum=0.9; lr 1e-3",
    "optim adamw lr=1e-3 beta1=0.9 eps=1e-8",
    "batch 8; seed 3",
    "probe grads; probe weight-grads; probe off; probe on",
    "autocast bf16; autocast off; autocast tf32; autocast fp16",
    "scale dynamic 1024 growth=2 backoff=0.5 interval=20",
    "scale static 2^10; scale 7; scale off",
    "scale simulate 0*20 1 001 init=4 tracker=1",
    "train 5; train 1 epoch; step 2",
    "train until loss < 0.5 or step >= 20",
    "run; pause; pace 100; pace max",
    "print loss, scale, skipped, accuracy, 2^16 / 64k, 1%",
    "print underflow(\"fc2.out.grad\"), moved(\"fc1.weight\")",
    "show; show settings; show program",
    "show gradients fc1.out.grad --true",
    "why; history; undo; reset; probe off; probe on",
    "lua for k = 1, 3 do command(\"scale static \" .. 2^k); print(k, loss) end",
    "lua x = {1, 2}; print(#x, x[1], loss == none)",
    "help underflow; help scale; help metrics",
    "fork b autocast=bf16 scale=off lr=0.1; use b; runs; b: scale 7; b: ; drop b",
    "all: print loss; all: autocast fp16; c: fork d net=\"2 8 3\"; fork c; use a; drop c",
    "demo silent; train 3; all: why; undo",
    "source nowhere.halfstep; watch; backend",
    "load nowhere.safetensors; backend cpu; backend gpu:1",
    "lesson L1; lesson next; lesson hint; lesson answer b; bits 0.1; lesson skip; lesson back",
    "lesson L5; lesson solution; lesson play; train 2; lesson next; lesson restart; lesson off",
    "lesson present L1; lesson poll a=2; lesson list; lesson report; lesson lang zh",
    "# a comment; print 1",
};
enum { SEEDS = sizeof(seeds) / sizeof(seeds[0]) };

typedef struct Dice {
    Random random;
    uint64_t n;
} Dice;

static uint32_t roll(Dice *dice, uint32_t sides)
{
    return random_bits(&dice->random, dice->n++) % sides;
}

/* A number that grew under mutation asks for hours of work; three digits are enough. */
static bool is_too_long(const Text *line)
{
    int run = 0;

    for (size_t i = line->length; i > 0 && line->chars[i - 1] >= '0' && line->chars[i - 1] <= '9';
         i--)
        run++;
    return run > DIGITS;
}

static void add_byte(Text *line, char byte)
{
    bool number = line->length > 0 && line->chars[line->length - 1] >= '0' &&
                  line->chars[line->length - 1] <= '9';

    if (byte == '\n' || (number && strchr("kMG^e", byte) != NULL && byte != '\0'))
        return;
    text_append_bytes(line, &byte, 1);
    if (is_too_long(line))
        line->chars[--line->length] = '\0';
}

/* Each byte is copied, dropped, doubled, replaced, or followed by a piece of another seed. */
static void mutate(Dice *dice, Text *line)
{
    const char *seed = seeds[roll(dice, SEEDS)];
    uint32_t calm = roll(dice, 3) == 0 ? 1000 : 12;

    for (; *seed != '\0'; seed++) {
        switch (roll(dice, calm)) {
        case 0:
            break;
        case 1:
            add_byte(line, *seed);
            add_byte(line, *seed);
            break;
        case 2:
            add_byte(line, (char)roll(dice, 256));
            break;
        case 3:
            seed = seeds[roll(dice, SEEDS)];
            add_byte(line, ' ');
            break;
        default:
            add_byte(line, *seed);
        }
        if (*seed == '\0')
            break;
    }
}

static void random_line(Dice *dice, Text *line)
{
    uint32_t length = roll(dice, 80);

    for (uint32_t i = 0; i < length; i++)
        add_byte(line, (char)roll(dice, 256));
}

static void make_input(Dice *dice, Text *input)
{
    text_append(input, "batch 8; data spirals limit=99; net 2 8 3\n");
    for (int i = 0; i < LINES_EACH; i++) {
        Text line = {0};

        if (roll(dice, 5) == 0)
            random_line(dice, &line);
        else
            mutate(dice, &line);
        text_append_bytes(input, text_chars(&line), line.length);
        text_append(input, "\n");
        text_release(&line);
    }
}

static void run_child(int input, bool transcript)
{
    const char *program = getenv("HALFSTEP"); /* NOLINT(concurrency-mt-unsafe): one thread */
    int nothing = open("/dev/null", O_WRONLY);

    if (program == NULL)
        program = "build/halfstep";
    (void)dup2(input, STDIN_FILENO);
    (void)dup2(nothing, STDOUT_FILENO);
    (void)dup2(nothing, STDERR_FILENO);
    (void)setenv("ASAN_OPTIONS", "exitcode=99", 1); /* NOLINT(concurrency-mt-unsafe) */
    execl(program, program, "--backend", "cpu", "--threads", "1",
          transcript ? "--transcript" : (char *)NULL, (char *)NULL);
    _exit(ASAN_STATUS);
}

/* As ^C: a training that lasts is paused. Not while the program starts, for it would end. */
static void interrupt(pid_t child, time_t started)
{
    if (time(NULL) >= started + START)
        (void)kill(child, SIGINT);
}

/* Hands over the input as the pipe takes it. */
static void feed(int pipe_end, pid_t child, const Text *input)
{
    size_t sent = 0;
    time_t started = time(NULL), end = started + PATIENCE;

    while (sent < input->length && time(NULL) < end) {
        struct pollfd room = {.fd = pipe_end, .events = POLLOUT};
        ssize_t count;

        if (poll(&room, 1, 300) == 0) {
            interrupt(child, started);
            continue;
        }
        count = write(pipe_end, input->chars + sent, input->length - sent);
        if (count < 0 && errno != EAGAIN)
            return;
        sent += count < 0 ? 0 : (size_t)count;
    }
}

/* The wait status; -1 where the program had to be killed. */
static int wait_for_end(pid_t child)
{
    time_t started = time(NULL), end = started + PATIENCE;
    int status = 0;

    for (int tick = 1; waitpid(child, &status, WNOHANG) == 0; tick++) {
        if (time(NULL) >= end) {
            (void)kill(child, SIGKILL);
            (void)waitpid(child, &status, 0);
            return -1;
        }
        if (tick % 30 == 0)
            interrupt(child, started);
        (void)poll(NULL, 0, 10);
    }
    return status;
}

static int run_program(const Text *input, bool transcript)
{
    int ends[2];
    pid_t child;

    if (pipe(ends) != 0)
        return -1;
    child = fork();
    if (child == 0) {
        (void)close(ends[1]);
        run_child(ends[0], transcript);
    }
    (void)close(ends[0]);
    (void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
    feed(ends[1], child, input);
    (void)close(ends[1]);
    return wait_for_end(child);
}

/* 0, 1 and 130 are what the program ends with. */
static bool is_good(int status)
{
    return status != -1 && WIFEXITED(status) &&
           (WEXITSTATUS(status) <= 1 || WEXITSTATUS(status) == 130);
}

static void keep(const Text *input, int round)
{
    char name[64];
    FILE *file;

    snprintf(name, sizeof name, "/tmp/halfstep-fuzz-%d.txt", round);
    file = fopen(name, "w");
    if (file == NULL)
        return;
    (void)fwrite(input->chars, 1, input->length, file);
    (void)fclose(file);
    printf("the input is kept as %s\n", name);
}

int main(int argc, char **argv)
{
    long lines = argc > 1 ? strtol(argv[1], NULL, 10) : 2000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    int rounds = (int)((lines + LINES_EACH - 1) / LINES_EACH), failures = 0;

    (void)signal(SIGPIPE, SIG_IGN);
    for (int round = 0; round < rounds; round++) {
        Dice dice = {.random = {.seed = seed, .substream = (uint32_t)round}};
        Text input = {0};
        int status;

        make_input(&dice, &input);
        status = run_program(&input, round % 8 != 7);
        if (!is_good(status)) {
            failures++;
            printf("round %d with seed %llu: %s %d\n", round, (unsigned long long)seed,
                   status == -1 ? "it hangs" : "wait status", status);
            keep(&input, round);
        }
        text_release(&input);
    }
    printf("%d passed, %d failed\n", rounds - failures, failures);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
