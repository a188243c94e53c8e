#include "lesson/margin.h"

#include "base/memory.h"
#include "base/number.h"
#include "telemetry/tokens.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool compares(const Tokens *tokens, size_t i)
{
    static const char *const marks[] = {"<", "<=", ">", ">=", NULL};

    for (int at = 0; marks[at] != NULL; at++)
        if (token_is(tokens, i, marks[at]))
            return true;
    return false;
}

static int depth_of(const Token *token)
{
    char first = token->chars[0];

    if (token->kind != TOKEN_MARK || token->length != 1)
        return 0;
    return (first == '(' || first == '{') - (first == ')' || first == '}');
}

static void append_tokens(const Tokens *tokens, size_t from, size_t to, Text *text)
{
    const Token *first, *last;

    if (from >= to)
        return;
    first = &tokens->all[from];
    last = &tokens->all[to - 1];
    text_append_bytes(text, first->chars, (size_t)(last->chars + last->length - first->chars));
}

/* Tokens [from, to) are one comparison, where token `at` compares. */
static void add(Margins *margins, const Tokens *tokens, size_t from, size_t at, size_t to)
{
    Margin margin = {.passing = (double)INFINITY, .failing = (double)INFINITY};
    Text difference = {0}, text = {0};

    if (margins->count == MARGINS_MOST)
        return;
    text_append(&difference, "(");
    append_tokens(tokens, from, at, &difference);
    text_append(&difference, ") - (");
    append_tokens(tokens, at + 1, to, &difference);
    text_append(&difference, ")");
    append_tokens(tokens, from, to, &text);
    if (!failed(expr_read(text_chars(&difference), NULL, &margin.difference))) {
        margin.text = xstrdup(text_chars(&text));
        margins->all[margins->count++] = margin;
    }
    text_release(&difference);
    text_release(&text);
}

void margins_find(const char *predicate, Margins *margins)
{
    Tokens tokens = {0};
    size_t from = 0, at = 0;
    int depth = 0;
    bool found = false;

    *margins = (Margins){.count = 0};
    if (failed(tokens_read(predicate, &tokens)))
        return;
    for (size_t i = 0; i <= tokens.count; i++) {
        if (i == tokens.count ||
            (depth == 0 && (token_is(&tokens, i, "and") || token_is(&tokens, i, "or")))) {
            if (found)
                add(margins, &tokens, from, at, i);
            from = i + 1;
            found = false;
            continue;
        }
        depth += depth_of(&tokens.all[i]);
        if (depth == 0 && compares(&tokens, i)) {
            at = i;
            found = true;
        }
    }
    tokens_release(&tokens);
}

void margins_release(Margins *margins)
{
    for (int i = 0; i < margins->count; i++) {
        free(margins->all[i].text);
        expr_free(margins->all[i].difference);
    }
    margins->count = 0;
}

void margins_take(Margins *margins, const Snapshot *snapshot, bool passes)
{
    for (int i = 0; i < margins->count; i++) {
        Margin *margin = &margins->all[i];
        Text text = {0};
        double value = 0.0, *nearest = passes ? &margin->passing : &margin->failing;

        if (!failed(expr_print(margin->difference, snapshot, &text)) &&
            !failed(number_parse(text_chars(&text), &value)) && isfinite(value) &&
            fabs(value) < fabs(*nearest))
            *nearest = value;
        text_release(&text);
    }
}

Measure margin_share(const Margin *margin)
{
    bool other_side = margin->passing * margin->failing <= 0.0;

    if (!isfinite(margin->passing) || !isfinite(margin->failing) || !other_side ||
        margin->passing == margin->failing)
        return (Measure){.none = true};
    return (Measure){.value =
                         fabs(margin->passing) / (fabs(margin->passing) + fabs(margin->failing))};
}
