#include "telemetry/events.h"

#include <criterion/criterion.h>

static void expect_line(const EventLog *log, int i, const char *expected)
{
    char line[200];

    cr_assert_str_eq(event_line(events_get(log, i), line, (int)sizeof line), expected);
}

Test(events, a_skip_names_tensor_and_scales)
{
    EventLog log = {0};

    events_add_skip(&log, 1190, "fc2.weight.grad", 131072.0F, 65536.0F);
    cr_assert_eq(events_held(&log), 1);
    expect_line(&log, 0, "step 1,190 skipped: fc2.weight.grad; loss scale 2^17 -> 2^16");
}

Test(events, a_row_of_skips_by_one_tensor_is_one_event)
{
    EventLog log = {0};

    for (int64_t step = 312; step <= 711; step++)
        events_add_skip(&log, step, "fc2.bias.grad", 0x1p40F, 0x1p40F);
    cr_assert_eq(events_held(&log), 1);
    cr_assert_eq(log.total, 1);
    expect_line(&log, 0, "steps 312-711 skipped, 400: fc2.bias.grad; loss scale 2^40");
}

Test(events, a_folded_row_tells_first_and_last_scale)
{
    EventLog log = {0};

    for (int64_t step = 1; step <= 1234567; step++)
        events_add_skip(&log, step, "fc1.weight.grad", step == 1 ? 65536.0F : 4096.0F, 2048.0F);
    expect_line(&log, 0,
                "steps 1-1,234,567 skipped, 1,234,567: fc1.weight.grad; loss scale 2^16 -> 2^11");
}

Test(events, a_skip_by_another_tensor_or_after_a_gap_is_an_event_of_its_own)
{
    EventLog log = {0};

    events_add_skip(&log, 5, "a.weight.grad", 8.0F, 4.0F);
    events_add_skip(&log, 6, "b.weight.grad", 4.0F, 2.0F);
    events_add_skip(&log, 8, "b.weight.grad", 2.0F, 1.0F);
    cr_assert_eq(events_held(&log), 3);
    expect_line(&log, 2, "step 8 skipped: b.weight.grad; loss scale 2 -> 1");
}

Test(events, another_event_between_ends_a_row)
{
    EventLog log = {0};

    events_add_skip(&log, 5, "a.weight.grad", 8.0F, 4.0F);
    events_add(&log, EVENT_SETTING, 5, "scale %d", 64);
    events_add_skip(&log, 6, "a.weight.grad", 64.0F, 32.0F);
    cr_assert_eq(events_held(&log), 3);
    expect_line(&log, 1, "step 5: scale 64");
    events_add(&log, EVENT_SETTING, 6, "scale %d", 16);
    events_add_skip(&log, 7, "", 16.0F, 8.0F);
    cr_assert_eq(events_held(&log), 5, "a setting has no tensor either, and is no skip");
}

Test(events, a_skip_without_a_tensor_leaves_it_out)
{
    EventLog log = {0};

    events_add_skip(&log, 7, "", 1.0F, 1.0F);
    expect_line(&log, 0, "step 7 skipped: loss scale 1");
}

Test(events, the_oldest_leave_when_the_log_is_full)
{
    EventLog log = {0};

    for (int64_t step = 1; step <= EVENT_COUNT + 10; step++)
        events_add(&log, EVENT_GROWTH, step, "loss scale grew");
    cr_assert_eq(events_held(&log), EVENT_COUNT);
    cr_assert_eq(log.total, EVENT_COUNT + 10);
    cr_assert_eq(events_get(&log, 0)->step, 11);
    cr_assert_eq(events_get(&log, EVENT_COUNT - 1)->step, EVENT_COUNT + 10);
    events_clear(&log);
    cr_assert_eq(events_held(&log), 0);
}

Test(events, texts_too_long_are_cut_and_end)
{
    EventLog log = {0};
    char long_name[100], line[20];

    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    events_add_skip(&log, 1, long_name, 2.0F, 1.0F);
    events_add_skip(&log, 2, long_name, 1.0F, 1.0F);
    events_add(&log, EVENT_WARNING, 2, "%s%s", long_name, long_name);
    cr_assert_eq(events_held(&log), 2, "cut names still fold");
    cr_assert_eq(strlen(events_get(&log, 0)->tensor), TENSOR_NAME - 1);
    cr_assert_eq(strlen(events_get(&log, 1)->text), EVENT_TEXT - 1);
    cr_assert_str_eq(event_line(events_get(&log, 0), line, (int)sizeof line),
                     "steps 1-2 skipped, ");
}
