#include "repl/args.h"

#include "repl/commands.h"

#include <criterion/criterion.h>
#include <string.h>

/* Reads a whole line of one command. */
static Status take(const char *line, Args *args)
{
    const Command *command = NULL;
    Lexer lexer = {.line = line};
    Word verb = {0};
    bool got;
    Mark mark;

    cr_assert(lexer_command(&lexer));
    cr_assert(!failed(lexer_word(&lexer, &verb, &got)));
    cr_assert(!failed(command_resolve(verb.text, false, &command)), "%s", verb.text);
    mark = verb.mark;
    word_release(&verb);
    return args_read(command, mark, &lexer, args);
}

static void expect_good(const char *line, Args *args)
{
    Status status = take(line, args);

    cr_assert(!failed(status), "%s: %s", line, status.text);
}

static void expect_mistake(const char *line, size_t start, const char *sentence)
{
    Args args;
    Status status = take(line, &args);

    cr_assert(failed(status), "%s", line);
    cr_expect_eq(args.blame.start, start, "%s: blames %zu", line, args.blame.start);
    cr_expect_str_eq(status.text, sentence);
    args_release(&args);
}

Test(args, words_go_to_their_places)
{
    Args args;

    expect_good("train 5 epochs", &args);
    cr_assert_eq(args_count(&args, "count", 0), 5);
    cr_assert(args_is(&args, "unit", "epochs"));
    cr_assert(!args_has(&args, "until"));
    args_release(&args);
}

Test(args, nothing_given_is_empty)
{
    Args args;

    expect_good("train", &args);
    cr_assert(args_empty(&args));
    cr_assert_eq(args_count(&args, "count", 7), 7);
    cr_assert_null(args_text(&args, "until"));
    args_release(&args);
}

Test(args, keys_stand_anywhere_and_flags_too)
{
    Args args;

    expect_good("show --true gradients fc1.out.grad", &args);
    cr_assert(args_has(&args, "true"));
    cr_assert_str_eq(args_text(&args, "tensor"), "fc1.out.grad");
    args_release(&args);
    expect_good("optim lr=2^-3 adam beta1=50%", &args);
    cr_assert_eq(args_number(&args, "lr", 0.0), 0.125);
    cr_assert_eq(args_number(&args, "beta1", 0.0), 0.5);
    cr_assert_str_eq(args_text(&args, "optimizer"), "adam");
    args_release(&args);
}

Test(args, many_words_are_joined)
{
    Args args;

    expect_good("net 784  256 act=tanh 10", &args);
    cr_assert_str_eq(args_text(&args, "layers"), "784 256 10");
    cr_assert_str_eq(args_text(&args, "act"), "tanh");
    args_release(&args);
}

Test(args, raw_text_is_taken_as_it_stands)
{
    Args args;

    expect_good("print a=1 # x , \";\" ; seed 1", &args);
    cr_assert_str_eq(args_text(&args, "expression"), "a=1 # x , \";\"");
    args_release(&args);
    expect_good("train until loss < 0.5 and  step>3;x", &args);
    cr_assert_str_eq(args_text(&args, "until"), "loss < 0.5 and  step>3");
    args_release(&args);
}

Test(args, a_choice_or_a_number)
{
    Args args;

    expect_good("pace max", &args);
    cr_assert(!args_numeric(&args, "pace"));
    args_release(&args);
    expect_good("pace 60", &args);
    cr_assert(args_numeric(&args, "pace"));
    args_release(&args);
}

Test(args, blame_goes_where_it_is_put)
{
    Args args;

    expect_good("net 1 2", &args);
    cr_assert_eq(args.blame.start, 0);
    args_blame(&args, "layers");
    cr_assert_eq(args.blame.start, 4);
    cr_assert_eq(args.blame.end, 7);
    args_blame(&args, "act");
    cr_assert_eq(args.blame.start, 0);
    args_release(&args);
}

Test(args, mistakes_say_where_and_what_to_try)
{
    expect_mistake("batch 0", 6, "the batch size goes from 1 to 2^16, and '0' is outside");
    expect_mistake("batch x", 6, "'x' is not a number; try 1024, 1e-3, 2^16, 64k or 1%");
    expect_mistake("batch 1.5", 6, "'1.5' is not a whole number; try 100, 2^10 or 64k");
    expect_mistake("probe offf", 6, "probe cannot be 'offf'; did you mean off?");
    expect_mistake("probe maybe", 6,
                   "probe cannot be 'maybe'; try off, on, weight-grads, grads or updates");
    expect_mistake("loss msa", 5, "there is no loss 'msa'; did you mean mse?");
    expect_mistake("data fashion limt=3", 13, "data has no option limt=; did you mean limit=?");
    expect_mistake("show --truth", 5, "show has no option --truth; did you mean --true?");
    expect_mistake("seed 1 lr=2", 7, "seed has no option lr=; `help seed` shows what it takes");
    expect_mistake("loss mse weight=", 9,
                   "weight= lacks its value; write weight=VALUE without blanks");
    expect_mistake("loss weight=1 weight=2", 14, "weight= is given twice; leave one out");
    expect_mistake("batch 1 2", 8, "'2' is more than batch takes; try batch [N]");
    expect_mistake("source", 0, "source lacks its file; try source FILE");
    expect_mistake("train until ;", 6, "nothing follows 'until'; try train until step >= 20");
}

Test(args, usage_is_made_from_the_table)
{
    Text text = {0};

    usage_print(command_find("train"), &text);
    cr_assert_str_eq(text_chars(&text), "train [N] [steps|epochs] [until EXPR]");
    text_clear(&text);
    usage_print(command_find("pace"), &text);
    cr_assert_str_eq(text_chars(&text), "pace [N|max]");
    text_release(&text);
}
