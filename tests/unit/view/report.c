/* A terminal's answer, picked out of what is typed. */
#include "view/report.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(report);

Test(report, an_answer_is_taken_out_and_the_keys_around_it_stay)
{
    static const struct {
        const char *bytes;
        int row, col;
        const char *left;
    } cases[] = {
        {"\033[2;2R", 2, 2, ""},
        {"\033[2;3R", 2, 3, ""},
        {"ab\033[2;12Rcd\033[A", 2, 12, "abcd\033[A"},
        {"\033\033[2;2R", 2, 2, "\033"},
        {"\033[2;2R\033[2;3R", 2, 2, "\033[2;3R"},
        {"\033[1;2R", 2, 0, "\033[1;2R"}, /* Shift F3 */
        {"\033[1;2R\033[2;3R", 2, 3, "\033[1;2R"},
        {"\033[1;2R", 1, 2, ""},
        {"\033[15~\033[2;5H", 2, 0, "\033[15~\033[2;5H"},
        {"\033[2;R", 2, 0, "\033[2;R"},
        {"\033[;2R", 2, 0, "\033[;2R"},
        {"\033[2;99999999999R", 2, 0, "\033[2;99999999999R"},
        {"", 2, 0, ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char bytes[64];
        size_t count = strlen(cases[i].bytes);

        text_copy(bytes, sizeof bytes, cases[i].bytes);
        cr_expect_eq(report_take(bytes, &count, cases[i].row), cases[i].col, "case %zu", i);
        bytes[count] = '\0';
        cr_expect_str_eq(bytes, cases[i].left, "case %zu", i);
    }
}

Test(report, what_may_become_an_answer_is_known_wherever_it_is_cut)
{
    static const char whole[] = "a\033[2;13R";
    static const char *const keys[] = {"",      "a",          "\033[A", "\033[15~",
                                       "\033b", "\033[2;2Rx", "2;2R"};

    for (size_t count = 2; count < sizeof whole - 1; count++)
        cr_expect(report_is_cut(whole, count), "%zu bytes", count);
    cr_expect_not(report_is_cut(whole, sizeof whole - 1));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        cr_expect_not(report_is_cut(keys[i], strlen(keys[i])), "case %zu", i);
}
