#include "telemetry/rewrite.h"

#include "base/memory.h"
#include "base/number.h"
#include "telemetry/past.h"
#include "telemetry/sandbox.h"

#include <math.h>
#include <string.h>

enum { WORD_TEXT = 64, WORDS_KNOWN = 128 };

/* A text under examination. */
typedef struct Check {
    const Tokens *tokens;
    const RewriteRules *rules;
    ExprNeeds *needs;
    Tokens own; /* names that the text itself introduces */
} Check;

static const char *word_of(const Token *token, char word[WORD_TEXT])
{
    size_t length = token->length < WORD_TEXT - 1 ? token->length : WORD_TEXT - 1;

    memcpy(word, token->chars, length);
    word[length] = '\0';
    return word;
}

/* a.b, a:b and {b = 1} name fields; so does b = 1, which is no expression and Lua refuses. */
static bool is_field(const Tokens *tokens, size_t i)
{
    return (i > 0 && (token_is(tokens, i - 1, ".") || token_is(tokens, i - 1, ":"))) ||
           token_is(tokens, i + 1, "=");
}

static void own_add(Check *check, const Token *token)
{
    Tokens *own = &check->own;

    own->all = grow(own->all, own->count, &own->room, sizeof *own->all);
    own->all[own->count++] = *token;
}

static bool own_has(const Check *check, const Token *token)
{
    for (size_t i = 0; i < check->own.count; i++) {
        const Token *own = &check->own.all[i];

        if (own->length == token->length && memcmp(own->chars, token->chars, own->length) == 0)
            return true;
    }
    return false;
}

/* Takes the names from token i up to one that can end a list of names: "a, b <const> =". */
static void own_add_list(Check *check, size_t i)
{
    const Tokens *tokens = check->tokens;
    char word[WORD_TEXT];

    for (; i < tokens->count; i++) {
        const Token *token = &tokens->all[i];

        if (token->kind == TOKEN_NAME) {
            if (word_is_keyword(word_of(token, word)))
                return;
            own_add(check, token);
        } else if (!token_is(tokens, i, ",") && !token_is(tokens, i, "<") &&
                   !token_is(tokens, i, ">")) {
            return;
        }
    }
}

/* Names are gathered without regard to their scope: what that lets through, the sandbox refuses
 * when it runs. */
static void own_gather(Check *check)
{
    const Tokens *tokens = check->tokens;

    for (size_t i = 0; i < tokens->count; i++) {
        if (token_is(tokens, i, "local") || token_is(tokens, i, "for")) {
            own_add_list(check, i + 1);
        } else if (token_is(tokens, i, "function")) {
            size_t open = i + 1;

            own_add_list(check, i + 1);
            while (open < tokens->count && !token_is(tokens, open, "("))
                open++;
            own_add_list(check, open + 1);
        }
    }
}

/* Metrics, what a sum has, and the sandbox's own words, ended by NULL. */
static void list_words(bool script, bool sums, const char *words[WORDS_KNOWN])
{
    int count = 0;

    for (const Metric *metric = metric_table; metric->name != NULL && count < WORDS_KNOWN - 1;)
        words[count++] = metric++->name;
    for (int i = 0; sums && past_sum_fields[i] != NULL && count < WORDS_KNOWN - 1; i++)
        words[count++] = past_sum_fields[i];
    for (int i = 0; sandbox_word(i, script) != NULL && count < WORDS_KNOWN - 1; i++)
        words[count++] = sandbox_word(i, script);
    words[count] = NULL;
}

static Status unknown(const char *name, bool script, bool sums)
{
    const char *words[WORDS_KNOWN], *nearest;

    list_words(script, sums, words);
    nearest = text_nearest(name, words);
    if (nearest != NULL)
        return fail(STATUS_USAGE, "there is no '%.40s' here; did you mean %s?", name, nearest);
    return fail(STATUS_USAGE, "there is no '%.40s' here; try step, loss, scale or skipped", name);
}

Status rewrite_unknown(const char *name, bool script)
{
    return unknown(name, script, false);
}

static bool word_is_known(const char *word, bool script)
{
    for (int i = 0; sandbox_word(i, script) != NULL; i++) {
        if (strcmp(word, sandbox_word(i, script)) == 0)
            return true;
    }
    return false;
}

static bool is_of_weights(const Metric *metric)
{
    return metric->need == NEED_MOVED || metric->need == NEED_UPDATES;
}

/* Of another tensor it would be none for ever. */
static Status check_weight(const Snapshot *known, const Metric *metric, const char *name)
{
    const TensorFacts *tensor = snapshot_tensor(known, name);

    if (!is_of_weights(metric) || tensor == NULL || tensor->kind == TENSOR_WEIGHT)
        return ok();
    return fail(STATUS_USAGE,
                "%s is a number of weights, and %.40s is none; try %s(\"fc1.weight\")",
                metric->name, name, metric->name);
}

/* A plain text names its tensor now; one with escapes does when it is run, one without an end never. */
static Status check_tensor(const Check *check, const Token *token, const Metric *metric)
{
    char name[WORD_TEXT];
    Measure unused;

    if (check->rules->known == NULL || token->chars[0] == '[' || token->length < 2 ||
        token->chars[token->length - 1] != token->chars[0] || token->length - 2 >= sizeof name ||
        memchr(token->chars, '\\', token->length) != NULL)
        return ok();
    memcpy(name, token->chars + 1, token->length - 2);
    name[token->length - 2] = '\0';
    TRY(metric_read(metric_find("amax"), check->rules->known, name, &unused));
    return check_weight(check->rules->known, metric, name);
}

static Status check_metric(const Check *check, size_t i, const Metric *metric)
{
    const Tokens *tokens = check->tokens;
    bool called = token_is(tokens, i + 1, "(");
    size_t at = called ? i + 2 : i + 1;
    bool text = at < tokens->count && tokens->all[at].kind == TOKEN_TEXT;

    if (metric->of_run != NULL && (called || text))
        return fail(STATUS_USAGE, "%s is a number of the whole run; write it without a tensor",
                    metric->name);
    if (metric->of_tensor != NULL && !called && !text)
        return fail(STATUS_USAGE, "%s is a number of one tensor; write %s(\"%s\")", metric->name,
                    metric->name, is_of_weights(metric) ? "fc1.weight" : "fc1.weight.grad");
    if (metric->of_tensor != NULL && text && (!called || token_is(tokens, at + 1, ")")))
        return check_tensor(check, &tokens->all[at], metric);
    return ok();
}

static void need(ExprNeeds *needs, const Metric *metric)
{
    needs->accuracy |= metric->need == NEED_ACCURACY;
    needs->moved |= metric->need == NEED_MOVED;
    needs->updates |= metric->need == NEED_UPDATES;
    needs->clock |= metric->need == NEED_CLOCK;
}

/* {name = ...} stands somewhere. */
static bool is_made(const Tokens *tokens, const Token *name)
{
    for (size_t i = 0; i < tokens->count; i++) {
        const Token *token = &tokens->all[i];

        if (token->length == name->length && memcmp(token->chars, name->chars, name->length) == 0 &&
            token_is(tokens, i + 1, "="))
            return true;
    }
    return false;
}

static bool is_of_sums(const char *word)
{
    for (int i = 0; past_sum_fields[i] != NULL; i++) {
        if (strcmp(word, past_sum_fields[i]) == 0)
            return true;
    }
    return false;
}

/* Of a run it is a metric, and so it is of whatever has a name, but for math and tables that the text makes. */
static Status check_field(const Check *check, size_t i, const char *word)
{
    const Metric *metric = metric_find(word);

    if (check->rules->script || !token_is(check->tokens, i - 1, ".") || i < 2 ||
        token_is(check->tokens, i - 2, ")") || is_made(check->tokens, &check->tokens->all[i]))
        return ok();
    if (metric != NULL)
        need(check->needs, metric);
    if (metric != NULL || is_of_sums(word) || word_is_known(word, false))
        return ok();
    return unknown(word, false, true);
}

static Status check_name(const Check *check, size_t i)
{
    const Token *token = &check->tokens->all[i];
    const Metric *metric;
    char word[WORD_TEXT];

    word_of(token, word);
    if (strcmp(word, REWRITE_MARKER) == 0 || strcmp(word, "_ENV") == 0)
        return fail(STATUS_USAGE, "the name '%s' is taken; choose another", word);
    if (i > 0 && is_field(check->tokens, i))
        return check_field(check, i, word);
    if (is_field(check->tokens, i) || word_is_keyword(word))
        return ok();
    metric = metric_find(word);
    if (metric != NULL)
        need(check->needs, metric);
    if (own_has(check, token))
        return ok();
    if (metric != NULL)
        return check_metric(check, i, metric);
    if (check->rules->script || word_is_known(word, false))
        return ok();
    return rewrite_unknown(word, false);
}

Status rewrite_check(const Tokens *tokens, const RewriteRules *rules, ExprNeeds *needs)
{
    Check check = {.tokens = tokens, .rules = rules, .needs = needs};
    Status status = ok();

    own_gather(&check);
    for (size_t i = 0; i < tokens->count && !failed(status); i++) {
        if (tokens->all[i].kind == TOKEN_NAME)
            status = check_name(&check, i);
    }
    tokens_release(&check.own);
    return status;
}

static void append_number(double number, Text *lua)
{
    char text[NUMBER_TEXT];

    number_shortest(number, text);
    text_append(lua, isinf(number) ? "1e999" : text);
    if (strspn(text, "0123456789") == strlen(text))
        text_append(lua, ".0");
}

static void append_token(const Tokens *tokens, size_t i, Text *lua)
{
    const Token *token = &tokens->all[i];

    if (token->kind == TOKEN_NUMBER)
        append_number(token->number, lua);
    else if (token_is(tokens, i, ".."))
        text_append(lua, " .. " REWRITE_MARKER " .. ");
    else if (token_is(tokens, i, "~=") || token_is(tokens, i, "!="))
        text_append(lua, " | " REWRITE_MARKER " | ");
    else
        text_append_bytes(lua, token->chars, token->length);
}

void rewrite_append(const char *text, const Tokens *tokens, Text *lua)
{
    const char *done = text;

    for (size_t i = 0; i < tokens->count; i++) {
        const Token *token = &tokens->all[i];

        text_append_bytes(lua, done, (size_t)(token->chars - done));
        append_token(tokens, i, lua);
        done = token->chars + token->length;
    }
    text_append(lua, done);
}
