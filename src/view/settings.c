#include "view/settings.h"

#include "base/number.h"
#include "base/text.h"
#include "view/layout.h"
#include "view/panels.h"

#include <stdio.h>
#include <string.h>

static const char *const glyph_values[] = {"auto", "block", "braille", "ascii", NULL};
static const char *const switch_values[] = {"off", "on", NULL};
static const char *const palette_values[] = {"dark", "light", NULL};
static const char *const bar_values[] = {"log", "linear", NULL};
static const char *const watch_values[] = {
    "all", "weight-grads", "activation-grads", "activations", "weights", "updates", NULL};
static const char *const auto_values[] = {"auto", NULL};
static const char *const beside_values[] = {"auto", "off", NULL};
static const char *const zoom_values[] = {"off", NULL};

static int *glyph_slot(ViewSettings *settings)
{
    return &settings->glyphs;
}

static int *layout_slot(ViewSettings *settings)
{
    return &settings->gaze.layout;
}

static int *watch_slot(ViewSettings *settings)
{
    return &settings->gaze.watched;
}

static int *true_slot(ViewSettings *settings)
{
    return &settings->gaze.true_values;
}

static int *bar_slot(ViewSettings *settings)
{
    return &settings->gaze.linear;
}

static int *freeze_slot(ViewSettings *settings)
{
    return &settings->frozen;
}

static int *palette_slot(ViewSettings *settings)
{
    return &settings->theme.palette;
}

static int *contrast_slot(ViewSettings *settings)
{
    return &settings->theme.contrast;
}

static int number_of(const char *const *values, const char *value)
{
    for (int i = 0; values[i] != NULL; i++) {
        if (strcmp(values[i], value) == 0)
            return i;
    }
    return -1;
}

static Status no_such_value(const ViewOption *option, const char *value)
{
    const char *near = text_nearest(value, option->values);
    Text list = {0};
    Status status;

    text_list(&list, option->values);
    if (near != NULL)
        status = fail(STATUS_USAGE, "view %s cannot be '%.40s'; did you mean %s?", option->name,
                      value, near);
    else
        status = fail(STATUS_USAGE, "view %s cannot be '%.40s'; try %s", option->name, value,
                      text_chars(&list));
    text_release(&list);
    return status;
}

static Status take_fps(ViewSettings *settings, const char *value, const Snapshot *known)
{
    int64_t fps = 0;

    (void)known;
    if (strcmp(value, "auto") == 0) {
        settings->fps = 0;
        return ok();
    }
    TRY(count_parse(value, &fps));
    if (fps < 1 || fps > VIEW_FPS_MOST)
        return fail(STATUS_USAGE, "view fps goes from 1 to %d, and '%.40s' is outside",
                    VIEW_FPS_MOST, value);
    settings->fps = (int)fps;
    return ok();
}

static Status take_zoom(ViewSettings *settings, const char *value, const Snapshot *known)
{
    const char *names[PANEL_COUNT + 2] = {"off"};
    const Panel *panel = panel_find(value);
    const char *near;

    (void)known;
    for (int i = 0; panel_table[i] != NULL; i++)
        names[i + 1] = panel_table[i]->name;
    near = text_nearest(value, names);
    if (panel == NULL && strcmp(value, "off") != 0)
        return fail(STATUS_USAGE, "there is no panel '%.40s'; %s%s%s", value,
                    near == NULL ? "`help panels` lists them" : "did you mean ",
                    near == NULL ? "" : near, near == NULL ? "" : "?");
    settings->gaze.zoom = panel;
    return ok();
}

/* Before there are tensors, any name is taken: the network may still come. */
static Status take_tensor(ViewSettings *settings, const char *value, const Snapshot *known)
{
    bool chosen = strcmp(value, "auto") != 0;

    if (chosen && known->tensor_count > 0 && snapshot_tensor(known, value) == NULL)
        return fail(STATUS_USAGE, "there is no tensor '%.40s'; `help tensors` lists them", value);
    text_copy(settings->gaze.tensor, sizeof settings->gaze.tensor, chosen ? value : "");
    return ok();
}

/* A name that no run has is one that a fork may yet get: until then nothing stands there. */
static Status take_beside(ViewSettings *settings, const char *value, const Snapshot *known)
{
    (void)known;
    if (strlen(value) >= sizeof settings->beside)
        return fail(STATUS_USAGE, "no run is called '%.40s': names have at most %d letters", value,
                    RUN_NAME - 1);
    text_copy(settings->beside, sizeof settings->beside, strcmp(value, "auto") == 0 ? "" : value);
    return ok();
}

static void say_fps(const ViewSettings *settings, char text[VIEW_VALUE])
{
    if (settings->fps > 0)
        snprintf(text, VIEW_VALUE, "%d", settings->fps);
}

static void say_zoom(const ViewSettings *settings, char text[VIEW_VALUE])
{
    if (settings->gaze.zoom != NULL)
        text_copy(text, VIEW_VALUE, settings->gaze.zoom->name);
}

static void say_beside(const ViewSettings *settings, char text[VIEW_VALUE])
{
    text_copy(text, VIEW_VALUE, settings->beside);
}

static void say_tensor(const ViewSettings *settings, char text[VIEW_VALUE])
{
    text_copy(text, VIEW_VALUE, settings->gaze.tensor);
}

const ViewOption view_options[] = {
    {"watch", "which sort of tensors is watched", watch_values, watch_slot, NULL, NULL},
    {"tensor", "the one in focus, or auto: the one that loses most", auto_values, NULL, take_tensor,
     say_tensor},
    {"true", "gradients divided by the loss scale, not as stored", switch_values, true_slot, NULL,
     NULL},
    {"bars", "as high as the count or as its logarithm", bar_values, bar_slot, NULL, NULL},
    {"beside", "the run beside the one in use, off, or auto: another one", beside_values, NULL,
     take_beside, say_beside},
    {"layout", "what has most room", layout_names, layout_slot, NULL, NULL},
    {"zoom", "one panel alone, or off", zoom_values, NULL, take_zoom, say_zoom},
    {"freeze", "the picture stands still while the run goes on", switch_values, freeze_slot, NULL,
     NULL},
    {"glyphs", "what pictures are made of", glyph_values, glyph_slot, NULL, NULL},
    {"palette", "colours for a dark or a light background", palette_values, palette_slot, NULL,
     NULL},
    {"contrast", "nothing dim, all colours bold: for projectors", switch_values, contrast_slot,
     NULL, NULL},
    {"fps", "frames a second, or auto: 10 over ssh, else 30", auto_values, NULL, take_fps, say_fps},
    {0},
};

const ViewOption *view_option(const char *name)
{
    for (const ViewOption *option = view_options; option->name != NULL; option++) {
        if (strcmp(option->name, name) == 0)
            return option;
    }
    return NULL;
}

bool view_is_switch(const ViewOption *option)
{
    return option->values == switch_values;
}

Status view_set(ViewSettings *settings, const ViewOption *option, const char *value,
                const Snapshot *known)
{
    int number = number_of(option->values, value);

    if (option->slot == NULL)
        return option->take(settings, value, known);
    if (number < 0)
        return no_such_value(option, value);
    *option->slot(settings) = number;
    if (option->slot == watch_slot)
        settings->gaze.tensor[0] = '\0'; /* it was of another sort */
    return ok();
}

const char *view_value(const ViewSettings *settings, const ViewOption *option,
                       char text[VIEW_VALUE])
{
    ViewSettings copy = *settings;

    text[0] = '\0';
    if (option->slot != NULL)
        text_copy(text, VIEW_VALUE, option->values[*option->slot(&copy)]);
    else
        option->say(settings, text);
    if (text[0] == '\0')
        text_copy(text, VIEW_VALUE, option->values[0]);
    return text;
}

Glyphs view_glyphs(const ViewSettings *settings, Glyphs most)
{
    static const Glyphs wanted[] = {[GLYPH_AUTO] = GLYPHS_UTF8,
                                    [GLYPH_BLOCK] = GLYPHS_BLOCKS,
                                    [GLYPH_BRAILLE] = GLYPHS_UTF8,
                                    [GLYPH_ASCII] = GLYPHS_ASCII};

    return wanted[settings->glyphs] > most ? wanted[settings->glyphs] : most;
}

int view_fps(const ViewSettings *settings, bool remote)
{
    if (settings->fps > 0)
        return settings->fps;
    return remote ? 10 : 30;
}
