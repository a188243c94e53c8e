/* The inverse of settings_print: the lines that stand in a saved file. Not the prompt's reader, which
 * runs commands; a file that somebody sends must not be able to do that. */
#include "train/settings.h"

#include "amp/autocast.h"
#include "base/number.h"

#include <math.h>
#include <string.h>

enum { WORD = NET_TEXT + DATA_PATH, KEY = 128, KEYS = 8 };

typedef struct Key {
    char name[KEY], value[KEY];
    bool taken;
} Key;

/* verb object... key=value... */
typedef struct Line {
    char verb[WORD], object[WORD];
    Key keys[KEYS];
    int key_count;
} Line;

static Status odd(const char *what)
{
    return fail(STATUS_IO, "its settings hold '%.60s', which this halfstep does not know", what);
}

/* The next word, quotes removed; false where there is none. Fails: too long, a quote left open. */
static Status next_word(const char **at, char word[WORD], bool *quoted, bool *got)
{
    const char *stops = " ";
    size_t length;

    *at += strspn(*at, " ");
    *quoted = **at == '"' || **at == '\'';
    *got = **at != '\0';
    if (*quoted)
        stops = *(*at)++ == '"' ? "\"" : "'";
    length = strcspn(*at, stops);
    if (length >= WORD || (*quoted && (*at)[length] == '\0'))
        return odd(*at);
    memcpy(word, *at, length);
    word[length] = '\0';
    *at += length + *quoted;
    return ok();
}

static Status add_key(Line *line, const char *word)
{
    const char *equals = strchr(word, '=');
    Key *key = &line->keys[line->key_count];

    if (line->key_count == KEYS || strlen(word) >= KEY)
        return odd(word);
    line->key_count++;
    text_copy(key->name, (size_t)(equals - word) + 1, word);
    text_copy(key->value, sizeof key->value, equals + 1);
    return ok();
}

static Status add_word(Line *line, const char *word, bool quoted)
{
    size_t length = strlen(line->object);

    if (!quoted && strchr(word, '=') != NULL)
        return add_key(line, word);
    if (length + strlen(word) + 2 > sizeof line->object)
        return odd(word);
    if (length > 0)
        line->object[length++] = ' ';
    text_copy(line->object + length, sizeof line->object - length, word);
    return ok();
}

static Status read_line(const char *text, Line *line)
{
    char word[WORD];
    bool quoted, got;

    memset(line, 0, sizeof *line);
    TRY(next_word(&text, line->verb, &quoted, &got));
    for (;;) {
        TRY(next_word(&text, word, &quoted, &got));
        if (!got)
            return ok();
        TRY(add_word(line, word, quoted));
    }
}

static Key *take(Line *line, const char *name)
{
    for (int i = 0; i < line->key_count; i++)
        if (strcmp(line->keys[i].name, name) == 0) {
            line->keys[i].taken = true;
            return &line->keys[i];
        }
    return NULL;
}

static const char *take_text(Line *line, const char *name, const char *otherwise)
{
    const Key *key = take(line, name);

    return key == NULL ? otherwise : key->value;
}

static Status take_number(Line *line, const char *name, double *value)
{
    const Key *key = take(line, name);

    return key == NULL ? ok() : number_parse(key->value, value);
}

static Status take_count(Line *line, const char *name, int64_t *value)
{
    const Key *key = take(line, name);

    return key == NULL ? ok() : count_parse(key->value, value);
}

static Status read_data(Line *line, Settings *settings)
{
    DataSpec *spec = &settings->data;

    *spec = data_spec_default();
    TRY(data_spec_parse(line->object, spec));
    TRY(take_count(line, "limit", &spec->limit));
    TRY(take_count(line, "size", &spec->size));
    TRY(take_count(line, "features", &spec->features));
    TRY(take_count(line, "classes", &spec->classes));
    TRY(take_count(line, "context", &spec->context));
    TRY(take_number(line, "gain", &spec->gain));
    if (spec->features < 0 || spec->classes < 0 || spec->limit < 0 || spec->size < 0 ||
        spec->context < 0 || spec->context > LARGEST_CONTEXT || spec->size > LARGEST_SIZE ||
        !isfinite(spec->gain))
        return odd("data");
    spec->target_input = strcmp(take_text(line, "target", ""), "input") == 0;
    spec->shuffle = strcmp(take_text(line, "shuffle", "on"), "off") != 0;
    return ok();
}

static Status read_net(Line *line, Settings *settings)
{
    return net_parse(line->object, take_text(line, "act", "relu"), &settings->net);
}

static Status read_loss(Line *line, Settings *settings)
{
    double weight = 1.0;

    if (strlen(line->object) >= sizeof settings->loss.kind)
        return odd(line->object);
    TRY(take_number(line, "weight", &weight));
    text_copy(settings->loss.kind, sizeof settings->loss.kind, line->object);
    settings->loss.weight = (float)weight;
    return ok();
}

static Status read_optim(Line *line, Settings *settings)
{
    OptimSpec *spec = &settings->optim;

    TRY(optim_spec(line->object, spec));
    TRY(take_number(line, "lr", &spec->lr));
    TRY(take_number(line, "momentum", &spec->momentum));
    TRY(take_number(line, "beta1", &spec->beta1));
    TRY(take_number(line, "beta2", &spec->beta2));
    TRY(take_number(line, "eps", &spec->eps));
    TRY(take_number(line, "weight_decay", &spec->weight_decay));
    return format_parse(take_text(line, "states", "fp32"), &spec->states);
}

static Status read_batch(Line *line, Settings *settings)
{
    return count_parse(line->object, &settings->batch);
}

static Status read_seed(Line *line, Settings *settings)
{
    int64_t seed;

    TRY(count_parse(line->object, &seed));
    if (seed < 0)
        return odd(line->object);
    settings->seed = settings->data.seed = (uint64_t)seed;
    return ok();
}

static Status take_off(Line *line, const char *name, bool *off)
{
    const Key *key = take(line, name);

    *off = key != NULL && strcmp(key->value, "off") == 0;
    return key == NULL || *off || strcmp(key->value, "on") == 0 ? ok() : odd(key->value);
}

static Status read_autocast(Line *line, Settings *settings)
{
    Policy policy = {0};

    TRY(policy_parse(take_text(line, "keep", "none"), false, &policy.keep));
    TRY(policy_parse(take_text(line, "force", "none"), true, &policy.force));
    TRY(take_off(line, "stable", &policy.unstable));
    TRY(autocast_parse(line->object, &settings->autocast));
    settings->policy = policy;
    return ok();
}

static Status read_fp8(Line *line, Settings *settings)
{
    Fp8Spec spec = fp8_spec_default();

    if (strncmp(line->object, "scaling ", 8) != 0)
        return odd(line->object);
    TRY(fp8_scaling_parse(line->object + 8, &spec.scaling));
    TRY(take_count(line, "history", &spec.history));
    TRY(take_count(line, "margin", &spec.margin));
    TRY(fp8_backward_parse(take_text(line, "backward", "e5m2"), &spec.backward));
    settings->fp8 = spec;
    return ok();
}

static Status read_master(Line *line, Settings *settings)
{
    settings->master = strcmp(line->object, "on") == 0;
    return settings->master || strcmp(line->object, "off") == 0 ? ok() : odd(line->object);
}

static Status read_round(Line *line, Settings *settings)
{
    for (int rounding = 0; rounding < ROUNDING_COUNT; rounding++)
        if (strcmp(line->object, weight_rounding_names[rounding]) == 0) {
            settings->rounding = (WeightRounding)rounding;
            return ok();
        }
    return odd(line->object);
}

static Status take_beyond_pytorch(Line *line, ScalerSpec *spec)
{
    double floor = (double)spec->floor;
    int64_t hysteresis = spec->hysteresis;

    TRY(take_number(line, "floor", &floor));
    TRY(take_count(line, "hysteresis", &hysteresis));
    if (hysteresis < 1 || hysteresis > INT32_MAX)
        return odd("hysteresis");
    spec->floor = (float)floor;
    spec->hysteresis = (int32_t)hysteresis;
    TRY(take_off(line, "skip", &spec->take_all));
    return take_off(line, "unscale", &spec->leave_scaled);
}

static Status read_scale(Line *line, Settings *settings)
{
    ScalerSpec *spec = &settings->scaler;
    const char *blank = strchr(line->object, ' ');
    size_t length = strcspn(line->object, " ");
    double start;

    *spec = scaler_spec_default();
    start = (double)spec->start;
    if (strcmp(line->object, "off") == 0)
        spec->mode = SCALE_OFF;
    else if (length == 6 && strncmp(line->object, "static", length) == 0 && blank != NULL)
        spec->mode = SCALE_STATIC;
    else if (length != 7 || strncmp(line->object, "dynamic", length) != 0)
        return odd(line->object);
    if (blank != NULL)
        TRY(number_parse(blank + 1, &start));
    spec->start = (float)start;
    TRY(take_number(line, "growth", &spec->growth));
    TRY(take_number(line, "backoff", &spec->backoff));
    TRY(take_count(line, "interval", &spec->interval));
    return take_beyond_pytorch(line, spec);
}

static Status read_clip(Line *line, Settings *settings)
{
    ClipSpec *spec = &settings->clip;
    const char *blank = strchr(line->object, ' ');
    size_t length = strcspn(line->object, " ");
    const Key *when = take(line, "when");
    int kind = 0;

    while (clip_kind_names[kind] != NULL &&
           (strlen(clip_kind_names[kind]) != length ||
            strncmp(line->object, clip_kind_names[kind], length) != 0))
        kind++;
    if (clip_kind_names[kind] == NULL || (kind == CLIP_OFF) != (blank == NULL))
        return odd(line->object);
    if (when != NULL && kind == CLIP_OFF)
        return odd(when->name);
    *spec = (ClipSpec){.kind = (ClipKind)kind};
    if (when != NULL && strcmp(when->value, clip_when_names[1]) == 0)
        spec->before_unscale = true;
    else if (when != NULL && strcmp(when->value, clip_when_names[0]) != 0)
        return odd(when->value);
    return blank == NULL ? ok() : number_parse(blank + 1, &spec->most);
}

static Status read_accumulate(Line *line, Settings *settings)
{
    return count_parse(line->object, &settings->accumulate);
}

static Status read_probe(Line *line, Settings *settings)
{
    for (int set = 0; probe_set_names[set] != NULL; set++)
        if (strcmp(line->object, probe_set_names[set]) == 0) {
            settings->probes = (ProbeSet)set;
            return ok();
        }
    return odd(line->object);
}

/* In the order of SettingPart. */
static const struct {
    const char *verb;
    Status (*read)(Line *line, Settings *settings);
} parts[SETTING_PARTS] = {
    [SETTING_DATA] = {"data", read_data},
    [SETTING_NET] = {"net", read_net},
    [SETTING_LOSS] = {"loss", read_loss},
    [SETTING_OPTIM] = {"optim", read_optim},
    [SETTING_BATCH] = {"batch", read_batch},
    [SETTING_SEED] = {"seed", read_seed},
    [SETTING_AUTOCAST] = {"autocast", read_autocast},
    [SETTING_FP8] = {"fp8", read_fp8},
    [SETTING_MASTER] = {"master", read_master},
    [SETTING_ROUND] = {"round", read_round},
    [SETTING_SCALE] = {"scale", read_scale},
    [SETTING_PROBE] = {"probe", read_probe},
    [SETTING_CLIP] = {"clip", read_clip},
    [SETTING_ACCUMULATE] = {"accumulate", read_accumulate},
};

static Status take_part(SettingPart part, Line *line, Settings *settings)
{
    TRY(parts[part].read(line, settings));
    for (int i = 0; i < line->key_count; i++)
        if (!line->keys[i].taken)
            return odd(line->keys[i].name);
    return ok();
}

/* `*read`: the line was this part's. */
static Status read_part(SettingPart part, const char *text, Settings *settings, bool *read)
{
    const Settings usual = settings_default(); /* as parts are that may be left out */
    Line line;

    TRY(read_line(text, &line));
    *read = strcmp(line.verb, parts[part].verb) == 0;
    if (*read)
        return take_part(part, &line, settings);
    return settings_left_out(&usual, part) ? ok() : odd(text);
}

Status settings_read_part(const char *text, Settings *settings)
{
    Settings made = *settings;
    Line line;

    TRY(read_line(text, &line));
    for (SettingPart part = SETTING_DATA; part < SETTING_PARTS; part++)
        if (strcmp(line.verb, parts[part].verb) == 0) {
            TRY(take_part(part, &line, &made));
            *settings = made;
            return ok();
        }
    return odd(text);
}

Status settings_read(const char *text, Settings *settings)
{
    Settings made = settings_default(); /* as parts are that may be left out */
    bool read;

    made.pace = settings->pace;
    for (SettingPart part = SETTING_DATA; part < SETTING_PARTS; part++) {
        size_t length = strcspn(text, "\n");
        char line[2 * WORD];

        if (length >= sizeof line)
            return odd(text);
        text_copy(line, length + 1, text);
        TRY(read_part(part, line, &made, &read));
        text += read ? length + (text[length] == '\n') : 0;
    }
    if (*text != '\0')
        return odd(text);
    TRY(settings_check(&made));
    *settings = made;
    return ok();
}
