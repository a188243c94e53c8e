#include "view/settings.h"

#include "fixture.h"

#include <criterion/criterion.h>
#include <string.h>

static Status set(ViewSettings *settings, const char *name, const char *value)
{
    Snapshot snapshot = fixture_run();
    Status status = view_set(settings, view_option(name), value, &snapshot);

    snapshot_release(&snapshot);
    return status;
}

static void expect_value(const ViewSettings *settings, const char *name, const char *value)
{
    char text[VIEW_VALUE];

    cr_expect_str_eq(view_value(settings, view_option(name), text), value);
}

Test(view_settings, nothing_chosen_is_the_first_value_of_each)
{
    ViewSettings settings = {0};

    for (const ViewOption *option = view_options; option->name != NULL; option++) {
        expect_value(&settings, option->name, option->values[0]);
        cr_expect_gt(strlen(option->text), 0);
    }
    cr_expect_null(view_option("color"));
}

Test(view_settings, each_value_is_taken_and_read_back)
{
    for (const ViewOption *option = view_options; option->name != NULL; option++) {
        for (int i = 0; option->values[i] != NULL; i++) {
            ViewSettings settings = {0};

            cr_expect(!failed(set(&settings, option->name, option->values[i])));
            expect_value(&settings, option->name, option->values[i]);
        }
    }
}

Test(view_settings, panels_tensors_and_rates_are_values_too)
{
    ViewSettings settings = {0};

    cr_expect(!failed(set(&settings, "zoom", "loss")));
    expect_value(&settings, "zoom", "loss");
    cr_expect(!failed(set(&settings, "zoom", "off")));
    cr_expect_null(settings.gaze.zoom);
    cr_expect(!failed(set(&settings, "tensor", "fc1.out")));
    expect_value(&settings, "tensor", "fc1.out");
    cr_expect(!failed(set(&settings, "beside", "b")));
    expect_value(&settings, "beside", "b");
    cr_expect(!failed(set(&settings, "fps", "20")));
    expect_value(&settings, "fps", "20");
}

Test(view_settings, another_sort_lets_go_of_the_tensor_in_focus)
{
    ViewSettings settings = {0};

    cr_expect(!failed(set(&settings, "tensor", "fc2.out.grad")));
    cr_expect(!failed(set(&settings, "true", "on")));
    expect_value(&settings, "tensor", "fc2.out.grad");
    cr_expect(!failed(set(&settings, "watch", "weights")));
    expect_value(&settings, "tensor", "auto");
}

static void expect_refused(const char *name, const char *value, const char *words)
{
    ViewSettings settings = {0}, before = {0};
    Status status = set(&settings, name, value);

    cr_expect(failed(status) && strstr(status.text, words) != NULL, "%s", status.text);
    cr_expect_eq(memcmp(&settings, &before, sizeof settings), 0);
}

Test(view_settings, what_does_not_fit_is_refused_in_words)
{
    expect_refused("glyphs", "asci", "did you mean ascii?");
    expect_refused("palette", "solarized", "try dark or light");
    expect_refused("zoom", "los", "did you mean loss?");
    expect_refused("tensor", "fc9.out", "there is no tensor 'fc9.out'");
    expect_refused("beside", "a-name-that-is-too-long", "at most 15 letters");
    expect_refused("fps", "0", "from 1 to 60");
    expect_refused("fps", "61", "from 1 to 60");
    expect_refused("fps", "fast", "fast");
}

Test(view_settings, a_terminal_is_never_given_more_than_it_takes)
{
    static const Glyphs expected[] = {GLYPHS_UTF8, GLYPHS_BLOCKS, GLYPHS_UTF8, GLYPHS_ASCII};

    for (int choice = GLYPH_AUTO; choice <= GLYPH_ASCII; choice++) {
        ViewSettings settings = {.glyphs = choice};

        cr_expect_eq(view_glyphs(&settings, GLYPHS_UTF8), expected[choice]);
        cr_expect_eq(view_glyphs(&settings, GLYPHS_ASCII), GLYPHS_ASCII);
    }
}

Test(view_settings, frames_are_fewer_over_a_network_unless_chosen)
{
    ViewSettings settings = {0};

    cr_expect_eq(view_fps(&settings, true), 10);
    cr_expect_eq(view_fps(&settings, false), 30);
    settings.fps = 5;
    cr_expect_eq(view_fps(&settings, true), 5);
}

Test(theme, contrast_dims_nothing_and_no_palette_shows_two_zones_alike)
{
    for (int palette = 0; palette < PALETTE_COUNT; palette++) {
        for (Style style = STYLE_PLAIN; style < STYLE_COUNT; style++) {
            StyleLook look = style_look((Theme){palette, 1}, style);

            cr_expect(!look.dim && !look.mono_dim);
        }
        for (Style a = STYLE_UNDERFLOW; a <= STYLE_OVERFLOW; a++) {
            for (Style b = STYLE_UNDERFLOW; b < a; b++) {
                StyleLook looks[] = {style_look((Theme){palette, 0}, a),
                                     style_look((Theme){palette, 0}, b)};

                cr_expect_neq(looks[0].colour_256, looks[1].colour_256);
                cr_expect_neq(looks[0].colour_8, looks[1].colour_8);
            }
        }
    }
}
