/* Everything that help shows as an example is run, each in a session of its own. */
#include "cpu/cpu.h"
#include "program/registry.h"
#include "repl/commands.h"
#include "repl/execute.h"
#include "repl/repl.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Room {
    Registry *registry;
    Session *session;
    Repl *repl;
} Room;

static Room room_open(bool prompt)
{
    Room room = {.registry = registry_new(&cpu_backend)};
    SessionOptions options = {room.registry, "cpu", 1};
    Status status = session_new(&options, &room.session);

    cr_assert(!failed(status), "%s", status.text);
    room.repl = repl_new(room.session, prompt);
    return room;
}

static void room_close(Room *room)
{
    session_pause(room->session);
    repl_free(room->repl);
    session_free(room->session);
    registry_free(room->registry);
}

static void expect_works(const Command *command, const char *line)
{
    Room room = room_open(true);
    Status status = execute_line(room.repl, "", line);

    if ((command->needs & NEEDS_TERMINAL) != 0)
        cr_expect_eq(status.code, STATUS_UNSUPPORTED, "%s", line);
    else
        cr_expect(!failed(status), "%s: %s", line, status.text);
    room_close(&room);
}

/* The file that the example of `source` names. */
static void write_script(void)
{
    FILE *file = fopen("warmup.halfstep", "w");

    cr_assert_not_null(file);
    fputs("# a script\nbatch 32\ntrain 2\n", file);
    fclose(file);
}

/* Into a folder of its own, where data sets and lessons are still found. */
static void leave(void)
{
    char folder[] = "/tmp/halfstep-examples-XXXXXX", here[4096], datasets[4200];

    cr_redirect_stdout();
    cr_redirect_stderr();
    if (getenv("HALFSTEP_DATASETS") == NULL && getcwd(here, sizeof here) != NULL) {
        snprintf(datasets, sizeof datasets, "%s/datasets", here);
        setenv("HALFSTEP_DATASETS", datasets, 1);
        snprintf(datasets, sizeof datasets, "%s/lessons", here);
        setenv("HALFSTEP_LESSONS", datasets, 1);
    }
    cr_assert(mkdtemp(folder) != NULL && chdir(folder) == 0);
}

/* With whatever the examples wrote. */
static void come_back(void)
{
    DIR *listing = opendir(".");
    char here[4096];

    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        if (entry->d_name[0] != '.')
            (void)remove(entry->d_name);
    closedir(listing);
    if (getcwd(here, sizeof here) != NULL && chdir("/") == 0)
        cr_expect_eq(rmdir(here), 0);
}

Test(examples, all_work_in_a_fresh_session, .init = leave, .fini = come_back)
{
    write_script();
    for (int i = 0; command_table[i] != NULL; i++)
        for (const char *const *line = command_table[i]->examples; *line != NULL; line++)
            expect_works(command_table[i], *line);
}

Test(execute, a_mistake_anywhere_in_a_line_changes_nothing, .init = leave, .fini = come_back)
{
    Room room = room_open(true);

    cr_assert(failed(execute_line(room.repl, "", "batch 32; tain")));
    cr_assert_eq(session_settings(room.session)->batch, 64);
    cr_assert(failed(execute_line(room.repl, "", "batch 32; batch x")));
    cr_assert_eq(session_settings(room.session)->batch, 64);
    room_close(&room);
}

Test(execute, a_failing_command_leaves_the_rest_of_the_line, .init = leave, .fini = come_back)
{
    Room room = room_open(true);

    cr_assert(failed(execute_line(room.repl, "", "batch 32; source nowhere.halfstep; batch 16")));
    cr_assert_eq(session_settings(room.session)->batch, 32);
    room_close(&room);
}

Test(execute, short_verbs_are_for_the_prompt, .init = leave, .fini = come_back)
{
    Room prompt = room_open(true), batch = room_open(false);

    cr_assert(!failed(execute_line(prompt.repl, "", "bat 32")));
    cr_assert(failed(execute_line(batch.repl, "", "bat 32")));
    room_close(&prompt);
    room_close(&batch);
}

Test(execute, scripts_may_nest_but_not_for_ever, .init = leave, .fini = come_back)
{
    Room room = room_open(false);
    FILE *file = fopen("self.halfstep", "w");
    Status status;

    cr_assert_not_null(file);
    fputs("source self.halfstep\n", file);
    fclose(file);
    status = execute_line(room.repl, "", "source self.halfstep");
    cr_assert_not_null(strstr(status.text, "deep"));
    room_close(&room);
}

Test(execute, quit_ends_the_line_and_the_program, .init = leave, .fini = come_back)
{
    Room room = room_open(false);

    cr_assert(!failed(execute_line(room.repl, "", "quit; batch 32")));
    cr_assert(execute_finished(room.repl));
    cr_assert_eq(session_settings(room.session)->batch, 64);
    room_close(&room);
}

Test(execute, run_is_for_the_prompt, .init = leave, .fini = come_back)
{
    Room room = room_open(false);

    cr_assert(failed(execute_line(room.repl, "", "run")));
    cr_assert(!session_training(room.session));
    room_close(&room);
}

Test(execute, a_network_that_does_not_fit_is_kept_but_not_trained, .init = leave, .fini = come_back)
{
    Room room = room_open(false);

    cr_assert(!failed(execute_line(room.repl, "", "data fashion size=14 target=input")));
    cr_assert(failed(execute_line(room.repl, "", "train 1")));
    cr_assert(!failed(execute_line(room.repl, "", "net 196 32 196 act=tanh; loss mse; train 1")));
    room_close(&room);
}
