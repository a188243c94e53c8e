#include "data/data.h"
#include "scratch.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

TestSuite(csv, .init = scratch_make, .fini = scratch_remove);

static Dataset *read_text(const char *text)
{
    DataSpec spec = scratch_spec("csv", "a.csv");

    scratch_put("a.csv", text, strlen(text));
    return loaded(&spec);
}

static void text_refused(const char *text, const char *part)
{
    DataSpec spec = scratch_spec("csv", "a.csv");

    scratch_put("a.csv", text, strlen(text));
    refuses(&spec, STATUS_IO, part);
    refuses(&spec, STATUS_IO, "a.csv");
}

/* The place where the row that begins with `first` was put; -1: nowhere. */
static int64_t place_of(const Dataset *dataset, float first)
{
    for (int64_t i = 0; i < dataset->train_count + dataset->test_count; i++) {
        if (dataset->inputs[i * dataset->features] == first)
            return i;
    }
    return -1;
}

Test(csv, a_header_is_optional)
{
    Dataset *with = read_text("width,height,kind\n1,2,0\n3,4,1\n5,6,2\n");
    Dataset *without = read_text("1,2,0\n3,4,1\n5,6,2\n");

    cr_assert_eq(with->train_count, 2);
    cr_assert_eq(with->test_count, 1);
    cr_assert_eq(with->features, 2);
    cr_assert_eq(with->rank, 1);
    cr_assert_eq(with->class_count, 3);
    cr_assert(same_inputs(with, without));
    cr_assert_eq(memcmp(with->labels, without->labels, 3 * sizeof(int32_t)), 0);
    data_free(with);
    data_free(without);
}

Test(csv, each_row_keeps_its_target)
{
    Dataset *dataset = read_text("1,2,0\n3,4,1\n5,6,2\n7,8,3\n9,10,4\n11,12,5\n");

    for (int k = 0; k < 6; k++) {
        int64_t place = place_of(dataset, (float)(2 * k + 1));

        cr_assert_geq(place, 0, "row %d is gone", k);
        cr_assert_eq(dataset->inputs[2 * place + 1], (float)(2 * k + 2));
        cr_assert_eq(dataset->labels[place], k);
    }
    data_free(dataset);
}

Test(csv, blanks_crlf_a_byte_order_mark_and_empty_lines_at_the_end_are_taken)
{
    Dataset *dataset = read_text("\xEF\xBB\xBF 1 ,\t2,0\r\n3, 4 ,1\r\n\r\n  \n\n");

    cr_assert_eq(dataset->train_count + dataset->test_count, 2);
    cr_assert_geq(place_of(dataset, 1.0f), 0);
    cr_assert_geq(place_of(dataset, 3.0f), 0);
    data_free(dataset);
}

Test(csv, the_last_line_needs_no_newline_and_numbers_may_have_signs_and_exponents)
{
    Dataset *dataset = read_text("-1.5e-3,+2,0\n.25,1E2,1");

    cr_assert_geq(place_of(dataset, -1.5e-3f), 0);
    cr_assert_eq(dataset->inputs[2 * place_of(dataset, 0.25f) + 1], 100.0f);
    data_free(dataset);
}

Test(csv, a_last_column_with_a_fraction_makes_numbers_to_predict)
{
    Dataset *dataset = read_text("1,10\n2,20\n3,-30.5\n");

    cr_assert_eq(dataset->class_count, 0);
    cr_assert_eq(dataset->target_width, 1);
    cr_assert_eq(dataset->labels, NULL);
    cr_assert_eq(dataset->targets[place_of(dataset, 3.0f)], -30.5f);
    cr_assert_eq(dataset->targets[place_of(dataset, 2.0f)], 20.0f);
    data_free(dataset);
}

static Dataset *read_different(int different)
{
    Text text = {0};
    Dataset *dataset;

    for (int i = 0; i < 2 * different; i++)
        text_printf(&text, "%d,%d\n", i, i % different);
    dataset = read_text(text.chars);
    text_release(&text);
    return dataset;
}

Test(csv, more_than_a_thousand_different_whole_numbers_are_numbers_to_predict)
{
    Dataset *classes = read_different(1000), *numbers = read_different(1001);

    cr_assert_eq(classes->class_count, 1000);
    cr_assert_eq(numbers->class_count, 0);
    cr_assert_eq(numbers->targets[place_of(numbers, 1700.0f)], 699.0f);
    data_free(classes);
    data_free(numbers);
}

Test(csv, a_fifth_is_held_out_by_the_seed_and_the_rest_stays_in_order)
{
    DataSpec spec = scratch_spec("csv", "a.csv");
    Dataset *one = read_different(50), *same = read_different(50), *other;

    spec.seed = 9;
    other = loaded(&spec);
    cr_assert_eq(one->train_count, 80);
    cr_assert_eq(one->test_count, 20);
    for (int i = 1; i < 80; i++)
        cr_assert_gt(one->inputs[i], one->inputs[i - 1]);
    cr_assert(same_inputs(one, same));
    cr_assert_not(same_inputs(one, other));
    data_free(one);
    data_free(same);
    data_free(other);
}

Test(csv, one_class_alone_still_counts_as_two)
{
    Dataset *dataset = read_text("1,0\n2,0\n");

    cr_assert_eq(dataset->class_count, 2);
    data_free(dataset);
}

Test(csv, a_packed_file_reads_the_same)
{
    DataSpec spec = scratch_spec("csv", "a.csv.gz");
    Dataset *dataset;

    scratch_put_gz("a.csv.gz", "1,0\n2,1\n", 8);
    dataset = loaded(&spec);
    cr_assert_eq(dataset->train_count, 1);
    data_free(dataset);
}

Test(csv, a_wrong_line_is_named)
{
    text_refused("a,b,c\n1,2,0\n3,4\n", "line 3 has 2 columns and line 2 has 3");
    text_refused("1,2,0\n3,4,1,9\n", "line 2 has 4 columns and line 1 has 3");
    text_refused("1,2,0\n3,four,1\n", "line 2: column 2 is 'four', not a number");
    text_refused("1,2,0\n3,,1\n", "line 2: column 2 is empty");
    text_refused("1,2,0\n3,4,\n5,6,1\n", "line 2: column 3 is empty");
    text_refused("1,2,0\n\n5,6,1\n", "line 2 is empty");
    text_refused("1,2,0\n1,2,-1\n", "line 2: class -1");
    text_refused("1,2,0\n1,2,1000\n", "line 2: class 1000");
    text_refused("h,i,j\n1,2,0\n1,2,1950\n", "line 3: class 1950");
    text_refused("1;2;0\n3;4;1\n", "line 2 has one column");
}

Test(csv, what_is_no_finite_number_is_refused)
{
    text_refused("nan,2,0\n3,4,1\n", "line 1: column 1 is 'nan'; inputs must be finite");
    text_refused("1,2,0\n3,-inf,1\n", "line 2: column 2 is '-inf'");
    text_refused("1,2,0\n3,Infinity,1\n", "line 2: column 2 is 'Infinity'");
    text_refused("1,2,0\n3,1e39,1\n", "line 2: column 2 is '1e39'");
    text_refused("1,2,0\n3,4,nan\n", "line 2: column 3 is 'nan'");
    text_refused("1,2,0\n3,0x10,1\n", "'0x10', not a number");
    text_refused("1,2,0\n3,1.2.3,1\n", "'1.2.3', not a number");
    text_refused("1,2,0\n3,1 2,1\n", "'1 2', not a number");
    text_refused("1,2,0\n3,\"4\",1\n", "not a number");
}

Test(csv, a_file_without_rows_is_refused)
{
    text_refused("", "is empty");
    text_refused("\n \r\n\t\n", "is empty");
    text_refused("\xEF\xBB\xBF", "is empty");
    text_refused("a,b,c\n", "no rows");
    text_refused("1,2,0\n", "single row");
    text_refused("1\n2\n", "one column");
}

Test(csv, bytes_that_cannot_be_shown_do_not_reach_the_text)
{
    DataSpec spec = scratch_spec("csv", "a.csv");

    scratch_put("a.csv", "1,2,0\n3,\x1b[2J\x7f\xff\0,1\n", 19);
    refuses(&spec, STATUS_IO,
            "'?[2J?"
            "?"
            "?', not a number");
}

Test(csv, folders_missing_files_and_damaged_ones_are_refused)
{
    DataSpec spec = scratch_spec("csv", "below");

    cr_assert_eq(mkdir(spec.path, 0755), 0);
    refuses(&spec, STATUS_IO, "is a directory");
    spec = scratch_spec("csv", "missing.csv");
    refuses(&spec, STATUS_IO, "No such file");
    scratch_put("cut.gz", "\x1f\x8b\x08\0\0\0\0\0\0\3\x33\xd4", 12);
    spec = scratch_spec("csv", "cut.gz");
    refuses(&spec, STATUS_IO, "damaged or cut short");
}

Test(csv, more_columns_than_the_limit_are_refused)
{
    Text text = {0};

    for (int row = 0; row < 2; row++) {
        for (int i = 0; i < 65536; i++)
            text_append(&text, "1,");
        text_append(&text, "0\n");
    }
    text_refused(text.chars, "line 1 has 65537 columns; at most 65536");
    text_release(&text);
}

Test(csv, more_rows_than_the_limit_are_refused)
{
    Text text = {0};

    for (int row = 0; row < 1000001; row++)
        text_append(&text, "1,0\n");
    text_refused(text.chars, "line 1000001: more than 1000000 rows");
    text_release(&text);
}
