#include "repl/arg_check.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

static Status check_range(const ArgSpec *spec, const char *word, double number)
{
    char least[NUMBER_TEXT], most[NUMBER_TEXT];

    if (spec->least == spec->most || (number >= spec->least && number <= spec->most))
        return ok();
    number_friendly(spec->least, least);
    number_friendly(spec->most, most);
    if (isinf(spec->most))
        return fail(STATUS_USAGE, "%s is at least %s, and '%.40s' is not", spec->name, least, word);
    return fail(STATUS_USAGE, "%s goes from %s to %s, and '%.40s' is outside", spec->name, least,
                most, word);
}

static Status take_number(const ArgSpec *spec, ArgValue *value)
{
    if (spec->kind == ARG_COUNT) {
        int64_t count = 0;

        TRY(count_parse(value->text, &count));
        value->number = (double)count;
    } else {
        TRY(number_parse(value->text, &value->number));
    }
    value->numeric = true;
    return check_range(spec, value->text, value->number);
}

static bool is_choice(const ArgSpec *spec, const char *word)
{
    for (const char *const *choice = spec->choices; *choice != NULL; choice++) {
        if (strcmp(*choice, word) == 0)
            return true;
    }
    return false;
}

static Status not_a_choice(const ArgSpec *spec, const char *word)
{
    const char *near = text_nearest(word, spec->choices);
    Text list = {0};
    Status status;

    text_list(&list, spec->choices);
    if (near != NULL)
        status =
            fail(STATUS_USAGE, "%s cannot be '%.40s'; did you mean %s?", spec->name, word, near);
    else
        status =
            fail(STATUS_USAGE, "%s cannot be '%.40s'; try %s", spec->name, word, text_chars(&list));
    text_release(&list);
    return status;
}

/* Something that begins as a number does was meant as one. */
static bool looks_numeric(const char *word)
{
    return strchr("+-.0123456789", word[0]) != NULL;
}

static Status take_choice(const ArgSpec *spec, ArgValue *value)
{
    double number;

    if (is_choice(spec, value->text))
        return ok();
    if (spec->kind == ARG_CHOICE)
        return not_a_choice(spec, value->text);
    if (!looks_numeric(value->text) && failed(number_parse(value->text, &number)))
        return not_a_choice(spec, value->text);
    return take_number(spec, value);
}

/* As many as a sentence has room for. */
static void names_list(Names names, Text *text)
{
    enum { ROOM = 90 };
    CatalogEntry entry, next;

    for (int i = 0; names_get(names, NULL, i, &entry); i++) {
        bool last = !names_get(names, NULL, i + 1, &next);

        if (text->length > ROOM && !last) {
            text_append(text, " or another, which Tab lists");
            return;
        }
        if (i > 0)
            text_append(text, last ? " or " : ", ");
        text_append(text, entry.name);
    }
}

static Status take_name(const ArgSpec *spec, const ArgValue *value)
{
    const char *near = names_nearest(spec->names, NULL, value->text);
    Text list = {0};
    Status status;

    if (names_has(spec->names, NULL, value->text))
        return ok();
    names_list(spec->names, &list);
    if (near != NULL)
        status = fail(STATUS_USAGE, "there is no %s '%.40s'; did you mean %s?", spec->name,
                      value->text, near);
    else
        status = fail(STATUS_USAGE, "there is no %s '%.40s'; try %.130s", spec->name, value->text,
                      text_chars(&list));
    text_release(&list);
    return status;
}

Status arg_check(const ArgSpec *spec, ArgValue *value)
{
    switch (spec->kind) {
    case ARG_COUNT:
    case ARG_NUMBER:
        return take_number(spec, value);
    case ARG_CHOICE:
    case ARG_CHOICE_OR_NUMBER:
        return take_choice(spec, value);
    case ARG_NAME:
        return take_name(spec, value);
    default:
        return ok();
    }
}
