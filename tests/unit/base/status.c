#include "base/status.h"

#include <criterion/criterion.h>

Test(status, is_one_printable_line_whatever_was_typed)
{
    Status status = fail(STATUS_USAGE, "there is no '%s'", "a\033[2J\nb\tc\x7f");

    cr_expect(failed(status));
    cr_expect_str_eq(status.text, "there is no 'a?[2J b c?'");
}

Test(status, keeps_letters_beyond_ascii)
{
    cr_expect_str_eq(fail(STATUS_IO, "%s", "caf\u00e9").text, "caf\u00e9");
}

Test(status, is_cut_where_the_text_ends)
{
    Status status = fail(STATUS_IO, "%0300d", 7);

    cr_expect_eq(status.text[STATUS_TEXT - 1], '\0');
    cr_expect_eq(status.text[STATUS_TEXT - 2], '0');
}
