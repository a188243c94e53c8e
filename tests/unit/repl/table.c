#include "repl/args.h"
#include "repl/commands.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *message(const char *word, bool short_too)
{
    static Status status;
    const Command *command = NULL;

    status = command_resolve(word, short_too, &command);
    return failed(status) ? status.text : command->name;
}

Test(commands, an_exact_verb_always_wins)
{
    cr_assert_str_eq(message("step", true), "step");
    cr_assert_str_eq(message("lr", false), "lr");
}

Test(commands, a_verb_may_be_shortened_while_it_stays_unique)
{
    cr_assert_str_eq(message("tr", true), "train");
    cr_assert_str_eq(message("q", true), "quit");
}

Test(commands, a_script_writes_verbs_whole)
{
    cr_assert_str_eq(message("tr", false), "'tr' is short for train; a script writes it whole");
}

Test(commands, an_ambiguous_verb_lists_what_it_may_be)
{
    cr_assert_str_eq(message("pr", true), "'pr' may be probe or print; type one more letter");
    cr_assert_str_eq(message("h", true), "'h' may be history or help; type one more letter");
}

Test(commands, an_unknown_verb_gets_its_nearest)
{
    cr_assert_str_eq(message("tarin", true), "there is no command 'tarin'; did you mean train?");
    cr_assert_str_eq(message("frobnicate", true),
                     "there is no command 'frobnicate'; `help` lists them");
    cr_assert(strstr(message("", true), "there is no command") != NULL);
}

Test(commands, every_entry_is_complete)
{
    for (int i = 0; command_table[i] != NULL; i++) {
        const Command *command = command_table[i];
        const ArgSpec *specs = command_args(command);
        int count = 0;

        cr_expect(command->run != NULL && command->summary != NULL, "%s", command->name);
        cr_expect(command->examples != NULL && command->examples[0] != NULL, "%s", command->name);
        cr_expect(command->task < TASK_COUNT);
        while (specs[count].kind != ARG_END) {
            cr_expect_not_null(specs[count].text, "%s %s", command->name, specs[count].name);
            count++;
        }
        cr_expect_leq(count, ARGS_MOST, "%s", command->name);
    }
}

Test(commands, no_name_stands_twice)
{
    for (int i = 0; command_table[i] != NULL; i++)
        cr_expect_eq(command_find(command_table[i]->name), command_table[i]);
}
