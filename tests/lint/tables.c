/* Prints the program's own tables as README.md shows them: tables commands|metrics|layers. */
#include "base/text.h"
#include "repl/args.h"
#include "repl/commands.h"
#include "telemetry/metric.h"
#include "train/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Within a Markdown table a bar would end the cell, even in code. */
static void print_cell(const char *text)
{
    for (; *text != '\0'; text++)
        printf(*text == '|' ? "\\|" : "%c", *text);
}

static void print_commands(void)
{
    printf("| command | what it does |\n|---|---|\n");
    for (const Command *const *command = command_table; *command != NULL; command++) {
        Text usage = {0};

        usage_print(*command, &usage);
        printf("| `");
        print_cell(text_chars(&usage));
        printf("` | %s |\n", (*command)->summary);
        text_release(&usage);
    }
}

static void print_metrics(void)
{
    printf("| metric | unit | what it is |\n|---|---|---|\n");
    for (const Metric *metric = metric_table; metric->name != NULL; metric++) {
        const char *tensor = metric->of_tensor != NULL ? "(\"TENSOR\")" : "";

        printf("| `%s%s` | %s | %s |\n", metric->name, tensor, metric->unit, metric->text);
    }
}

static void print_layers(void)
{
    CatalogEntry entry;

    printf("| layer | what it does |\n|---|---|\n");
    for (int i = 0; catalog_get(CATALOG_LAYERS, i, &entry); i++)
        printf("| `%s` | %s |\n", entry.name, entry.text);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "commands") == 0)
        print_commands();
    else if (argc == 2 && strcmp(argv[1], "metrics") == 0)
        print_metrics();
    else if (argc == 2 && strcmp(argv[1], "layers") == 0)
        print_layers();
    else
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
