/* Wires the house together, and nothing else. */
#include "cpu/cpu.h"
#include "program/registry.h"
#include "repl/loop.h"
#include "repl/options.h"
#include "train/session.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_WRONG_OPTION = 2 };

static int complain(Status status, int code)
{
    fprintf(stderr, "halfstep: %s\n", status.text);
    return code;
}

static int run(const Options *options)
{
    Registry *registry = registry_new(&cpu_backend);
    SessionOptions wanted = {registry, options->backend, options->threads};
    Session *session = NULL;
    Status status = session_new(&wanted, &session);
    int code;

    code = failed(status) ? complain(status, EXIT_FAILURE) : loop_run(session, options);
    session_free(session);
    registry_free(registry);
    return code;
}

int main(int argc, char **argv)
{
    Options options;
    Status status = options_read(argc, argv, &options);

    /* Characters as the terminal has them, numbers always with a point. Before any thread starts. */
    setlocale(LC_ALL, "");      /* NOLINT(concurrency-mt-unsafe) */
    setlocale(LC_NUMERIC, "C"); /* NOLINT(concurrency-mt-unsafe) */
    if (failed(status))
        return complain(status, EXIT_WRONG_OPTION);
    if (!options.help && !options.version)
        return run(&options);
    options.help ? options_print_help() : options_print_version();
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
