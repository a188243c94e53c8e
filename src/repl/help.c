#include "repl/help.h"

#include "repl/args.h"
#include "repl/commands.h"
#include "repl/terms.h"
#include "repl/wrap.h"
#include "telemetry/metric.h"

#include <string.h>

static const char *const task_titles[TASK_COUNT] = {
    [TASK_BUILD] = "build an experiment",           [TASK_PRECISION] = "choose the precision",
    [TASK_COMPARE] = "let runs stand side by side", [TASK_TRAIN] = "train",
    [TASK_LOOK] = "look at what the numbers do",    [TASK_SESSION] = "scripts and the session",
};

static const char expressions[] =
    "Expressions are Lua: + - * / ^, < <= > >= == ~= (or !=), and, or, not, and the functions of "
    "math without their prefix (`abs`, `max`, `min`, `log`, `floor`; mod(a, b) is the remainder). "
    "Names are metrics; a tensor's metric takes its name in quotes: underflow(\"fc2.out.grad\"). "
    "1% is 0.01, 64k is 65536, 2^16 stays. A share of nothing is none, and every comparison with "
    "it is false. Words such as autocast compare with texts: autocast == \"fp16\". fp16(x), "
    "bf16(x), "
    "tf32(x), e4m3(x) and e5m2(x) are x as the format stores it; isfinite(x). runs is the list of "
    "trainings that have ended, each with every metric: runs[1].loss, last_run.skipped; looked, "
    "that of numbers whose bits were looked at; sums, that of the sums that `sum` showed, each "
    "with "
    "format, accumulate, order, terms, value, exact, error, lost, stalls_at and nonfinite_at. "
    "any(LIST, f), count, least, most, mean and sd ask all of a "
    "list: least(runs, function(r) return r.loss end).";

/* The lists that `help NAME` prints. */
typedef struct Listed {
    const char *topic;
    Names names;
    size_t column;
} Listed;

static const Listed lists[] = {
    {"metrics", NAMES_METRICS, 20}, {"terms", NAMES_TERMS, 22},   {"panels", NAMES_PANELS, 14},
    {"stories", NAMES_STORIES, 14}, {"layers", NAMES_LAYERS, 14}, {"formats", NAMES_FORMATS, 14},
    {"ops", NAMES_OPS, 26},
};
enum { LISTS = sizeof(lists) / sizeof(lists[0]) };

void help_overview(Text *text)
{
    for (Task task = 0; task < TASK_COUNT; task++) {
        text_printf(text, "%s\n", task_titles[task]);
        for (int i = 0; command_table[i] != NULL; i++) {
            if (command_table[i]->task == task)
                wrap_row(command_table[i]->name, command_table[i]->summary, 14, text);
        }
    }
    text_append(text,
                "`NAME: COMMAND` is for one of several runs, `all: COMMAND` for each of them\n"
                "`help train`, `help metrics`, `help terms`, `help underflow` say more\n");
}

static void print_arguments(const Command *command, Text *text)
{
    const ArgSpec *specs = command_args(command);

    for (int i = 0; specs[i].kind != ARG_END; i++) {
        Text name = {0};

        usage_argument(&specs[i], &name);
        wrap_row(text_chars(&name), specs[i].text, 26, text);
        text_release(&name);
    }
}

static void explain_command(const Command *command, Text *text)
{
    Text usage = {0};

    text_printf(text, "%s: ", command->name);
    wrap(command->summary, 2, text);
    usage_print(command, &usage);
    text_append(text, "usage: ");
    wrap(text_chars(&usage), 7, text);
    text_release(&usage);
    print_arguments(command, text);
    if (command->more != NULL)
        wrap(command->more, 0, text);
    text_append(text, "examples:\n");
    for (const char *const *example = command->examples; *example != NULL; example++)
        text_printf(text, "  %s\n", *example);
}

static void print_list(Names names, size_t column, const Snapshot *known, Text *text)
{
    CatalogEntry entry;

    for (int i = 0; names_get(names, known, i, &entry); i++)
        wrap_row(entry.name, entry.text, column, text);
}

/* Names alone, as many on a line as fit. */
static void print_names(Names names, const Snapshot *known, Text *text)
{
    CatalogEntry entry;
    Text row = {0};

    for (int i = 0; names_get(names, known, i, &entry); i++)
        text_printf(&row, "%s%s", i == 0 ? "" : " ", entry.name);
    wrap(text_chars(&row), 0, text);
    text_release(&row);
}

static bool print_listed(const char *topic, const Snapshot *known, Text *text)
{
    if (strcmp(topic, "expressions") == 0) {
        wrap(expressions, 0, text);
        return true;
    }
    if (strcmp(topic, "tensors") == 0) {
        print_names(NAMES_TENSORS, known, text);
        return true;
    }
    for (size_t i = 0; i < LISTS; i++) {
        if (strcmp(topic, lists[i].topic) == 0) {
            print_list(lists[i].names, lists[i].column, known, text);
            return true;
        }
    }
    return false;
}

/* `kind` in brackets where one word may be several things; "" where it is plain. */
static void print_entry(const char *name, const char *kind, const char *words, Text *text)
{
    text_printf(text, "%s%s: ", name, kind);
    wrap(words, 2, text);
}

static bool print_metric(const char *topic, Text *text)
{
    const Metric *metric = metric_find(topic);

    if (metric == NULL)
        return false;
    print_entry(topic, " (metric)", metric->text, text);
    if (metric->unit[0] != '\0')
        text_printf(text, "  unit: %s\n", metric->unit);
    text_printf(text, "  try: print %s%s\n", topic,
                metric->of_tensor == NULL ? "" : "(\"fc2.out.grad\")");
    return true;
}

/* One word may be several things (scale: a command, a metric, a panel): each is told. */
static int print_entries(const char *topic, Text *text)
{
    static const Names tables[] = {NAMES_PANELS,  NAMES_NETS, NAMES_OPTIMIZERS, NAMES_LOSSES,
                                   NAMES_FORMATS, NAMES_DATA, NAMES_BACKENDS};
    CatalogEntry entry;
    int told = 0;

    for (size_t table = 0; table < sizeof(tables) / sizeof(tables[0]); table++) {
        for (int i = 0; names_get(tables[table], NULL, i, &entry); i++) {
            if (strcmp(entry.name, topic) != 0)
                continue;
            print_entry(topic, tables[table] == NAMES_PANELS ? " (panel)" : "", entry.text, text);
            told++;
        }
    }
    return told;
}

static Status no_topic(const char *topic)
{
    const char *near = names_nearest(NAMES_TOPICS, NULL, topic);

    if (near != NULL)
        return fail(STATUS_USAGE, "there is no help on '%.40s'; did you mean %s?", topic, near);
    return fail(STATUS_USAGE,
                "there is no help on '%.40s'; `help` and `help terms` list what there "
                "is",
                topic);
}

Status help_topic(const char *topic, const Snapshot *known, Text *text)
{
    const Command *command = command_find(topic);
    const char *term = term_find(topic);
    bool told = print_listed(topic, known, text);

    if (term != NULL)
        print_entry(topic, "", term, text);
    if (command != NULL)
        explain_command(command, text);
    told |= print_metric(topic, text);
    told |= print_entries(topic, text) > 0;
    if (told || command != NULL || term != NULL)
        return ok();
    term = term_beginning(topic);
    if (term == NULL)
        return no_topic(topic);
    print_entry(term, "", term_find(term), text);
    return ok();
}
