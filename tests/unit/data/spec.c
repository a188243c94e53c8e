#include "base/text.h"
#include "data/data.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void reads(const char *text, const char *kind, const char *path)
{
    DataSpec spec = data_spec_default();
    Status status;

    spec.limit = 77;
    status = data_spec_parse(text, &spec);
    cr_assert_not(failed(status), "%s", status.text);
    cr_assert_str_eq(spec.kind, kind);
    cr_assert_str_eq(spec.path, path);
    cr_assert_eq(spec.limit, 77, "the options are not its business");
}

static void refused(const char *text, const char *part)
{
    DataSpec spec = data_spec_default();
    Status status = data_spec_parse(text, &spec);

    cr_assert_eq(status.code, STATUS_USAGE, "'%s' was taken", text);
    cr_assert_neq(strstr(status.text, part), NULL, "'%s' is not in: %s", part, status.text);
    cr_assert_lt(strlen(status.text), STATUS_TEXT - 1, "cut off: %s", status.text);
    cr_assert_str_eq(spec.kind, "fashion", "a refused text changed the spec");
    cr_assert_str_eq(spec.path, "");
}

Test(spec, every_kind_reads_by_its_name)
{
    for (int i = 0; data_kinds[i] != NULL; i++) {
        const char *path = data_kinds[i]->takes_path ? ":a/b.c" : "";
        char text[64];

        snprintf(text, sizeof text, "%s%s", data_kinds[i]->name, path);
        reads(text, data_kinds[i]->name, data_kinds[i]->takes_path ? "a/b.c" : "");
    }
}

Test(spec, blanks_between_and_around_words_do_not_matter)
{
    reads("  fashion \t full ", "fashion full", "");
    reads(" csv:my file.csv", "csv", "my file.csv");
    reads("idx:a:b", "idx", "a:b");
}

Test(spec, an_unknown_kind_gets_the_nearest_or_the_list)
{
    refused("fasion", "did you mean fashion?");
    refused("mons", "did you mean moons?");
    refused("cvs:a.csv", "did you mean csv:PATH?");
    refused("mnist-784", "choose one of fashion, fashion full,");
    refused("", "idx:DIR");
    refused("a name that is much longer than any kind of data set could ever be", "choose one of");
}

Test(spec, a_path_is_asked_for_where_it_belongs_and_nowhere_else)
{
    refused("csv", "csv:PATH");
    refused("csv:", "csv:PATH");
    refused("csv data.csv", "csv:PATH");
    refused("idx", "idx:DIR");
    refused("moons:there", "takes no path");
    refused("fashion:", "takes no path");
}

Test(spec, a_path_that_is_too_long_is_refused)
{
    char text[DATA_PATH + 10] = "csv:";

    memset(text + 4, 'a', DATA_PATH - 1);
    text[4 + DATA_PATH - 1] = '\0';
    reads(text, "csv", text + 4);
    text[4 + DATA_PATH - 1] = 'a';
    refused(text, "longer than 511");
}

static void prints(const DataSpec *spec, const char *expected)
{
    char text[700];

    data_spec_print(spec, text, sizeof text);
    cr_assert_str_eq(text, expected);
}

Test(spec, printing_gives_what_would_be_typed)
{
    DataSpec spec = data_spec_default();

    prints(&spec, "fashion");
    spec.size = 14;
    spec.target_input = true;
    prints(&spec, "fashion size=14 target=input");
    strcpy(spec.kind, "fashion full");
    spec.limit = 500;
    spec.size = 0;
    spec.target_input = false;
    spec.gain = 0.1;
    spec.shuffle = false;
    prints(&spec, "fashion full limit=500 gain=0.1 shuffle=off");
    spec = data_spec_default();
    strcpy(spec.kind, "noise");
    spec.limit = 500;
    spec.features = 4096;
    spec.classes = 1000;
    prints(&spec, "noise limit=500 features=4096 classes=1000");
    spec = data_spec_default();
    strcpy(spec.kind, "csv");
    strcpy(spec.path, "a/iris.csv");
    prints(&spec, "csv:a/iris.csv");
}

Test(spec, a_path_with_blanks_is_printed_in_quotes)
{
    DataSpec spec = data_spec_default();

    strcpy(spec.kind, "csv");
    strcpy(spec.path, "my data;1.csv");
    spec.gain = 2;
    prints(&spec, "\"csv:my data;1.csv\" gain=2");
    strcpy(spec.path, "the \"best\".csv");
    prints(&spec, "'csv:the \"best\".csv' gain=2");
}

Test(spec, printing_cuts_at_the_room_it_has)
{
    DataSpec spec = data_spec_default();
    char text[5] = "zzzz";

    data_spec_print(&spec, text, sizeof text);
    cr_assert_str_eq(text, "fash");
    data_spec_print(&spec, text, 0);
    cr_assert_str_eq(text, "fash");
}

Test(spec, the_table_is_fit_to_be_shown)
{
    for (int i = 0; data_kinds[i] != NULL; i++) {
        cr_assert_lt(strlen(data_kinds[i]->name), DATA_NAME);
        cr_assert(text_starts(data_kinds[i]->usage, data_kinds[i]->name));
        cr_assert_lt(strlen(data_kinds[i]->summary), 90);
        cr_assert_neq(data_kinds[i]->load, NULL);
    }
}
