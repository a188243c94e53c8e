#include "telemetry/expr.h"

#include "base/memory.h"
#include "telemetry/rewrite.h"
#include "telemetry/sandbox.h"

#include <stdlib.h>
#include <string.h>

enum { INSTRUCTIONS = 1000000 };

struct Expr {
    Sandbox *sandbox;
    ExprNeeds needs;
    const Snapshot *snapshot; /* borrowed while it is asked */
    Text line, tensors;
};

static Status read_metric(void *context, const Metric *metric, const char *tensor, Measure *measure)
{
    const Expr *expr = context;

    return metric_read(metric, expr->snapshot, tensor, measure);
}

static Status read_past(void *context, const Past **past)
{
    const Expr *expr = context;

    *past = expr->snapshot->past;
    return ok();
}

/* Whether there is a = outside of all brackets and functions, where only == makes sense. */
static bool sets_something(const Tokens *tokens)
{
    int depth = 0;

    for (size_t i = 0; i < tokens->count; i++) {
        char first = tokens->all[i].chars[0];

        if (tokens->all[i].kind == TOKEN_MARK)
            depth += (first == '(' || first == '{') - (first == ')' || first == '}');
        if (token_is(tokens, i, "function"))
            return false;
        if (depth == 0 && token_is(tokens, i, "="))
            return true;
    }
    return false;
}

/* Whatever stands in quotes: nothing else of an expression is a text. */
static void gather_tensors(const Tokens *tokens, Text *names)
{
    for (size_t i = 0; i < tokens->count; i++) {
        const Token *token = &tokens->all[i];

        if (token->kind != TOKEN_TEXT || token->chars[0] == '[' || token->length < 2)
            continue;
        text_append_bytes(names, token->chars + 1, token->length - 2);
        text_append(names, "\n");
    }
}

/* fc1.weight reads as a field of something called fc1. */
static Status ask_for_quotes(const Tokens *tokens)
{
    for (size_t i = 0; i + 3 < tokens->count; i++) {
        const Token *name = &tokens->all[i + 2];
        size_t end = i + 3;
        char metric[40];

        text_copy(metric,
                  tokens->all[i].length + 1 < sizeof metric ? tokens->all[i].length + 1
                                                            : sizeof metric,
                  tokens->all[i].chars);
        if (metric_find(metric) == NULL || metric_find(metric)->of_tensor == NULL ||
            !token_is(tokens, i + 1, "(") || name->kind != TOKEN_NAME ||
            !token_is(tokens, end, "."))
            continue;
        while (token_is(tokens, end, ".") && end + 1 < tokens->count)
            end += 2;
        end--;
        return fail(STATUS_USAGE, "the name '%.*s' goes in quotes; write %s(\"%.*s\")",
                    (int)(tokens->all[end].chars + tokens->all[end].length - name->chars),
                    name->chars, metric,
                    (int)(tokens->all[end].chars + tokens->all[end].length - name->chars),
                    name->chars);
    }
    return ok();
}

static Status check(const Tokens *tokens, const RewriteRules *rules, ExprNeeds *needs)
{
    Status status = rewrite_check(tokens, rules, needs);

    if (failed(status))
        TRY(ask_for_quotes(tokens));
    return status;
}

static Status compile(Expr *expr, const char *text, const Tokens *tokens, const Snapshot *known)
{
    RewriteRules rules = {.known = known};
    Text lua = {0};
    Status status;

    if (tokens->count == 0)
        return fail(STATUS_USAGE, "there is no expression; try loss, or scale > 2^10");
    if (sets_something(tokens))
        return fail(STATUS_USAGE, "= sets, and an expression sets nothing; to compare write ==");
    if (strlen(text) > SANDBOX_TEXT)
        return fail(STATUS_USAGE, "it is longer than %d characters; say it shorter", SANDBOX_TEXT);
    TRY(check(tokens, &rules, &expr->needs));
    gather_tensors(tokens, &expr->tensors);
    text_append(&lua, "return ");
    rewrite_append(text, tokens, &lua);
    status = sandbox_load(expr->sandbox, text_chars(&lua));
    text_release(&lua);
    return status;
}

Status expr_read(const char *text, const Snapshot *known, Expr **expr)
{
    Expr *made = xcalloc(1, sizeof *made);
    SandboxHost host = {
        .context = made,
        .instructions = INSTRUCTIONS,
        .metric = read_metric,
        .past = read_past,
    };
    Tokens tokens = {0};
    Status status;

    made->sandbox = sandbox_new(&host);
    status = tokens_read(text, &tokens);
    if (!failed(status))
        status = compile(made, text, &tokens, known);
    tokens_release(&tokens);
    if (failed(status))
        expr_free(made);
    else
        *expr = made;
    return status;
}

void expr_free(Expr *expr)
{
    if (expr == NULL)
        return;
    sandbox_free(expr->sandbox);
    text_release(&expr->line);
    text_release(&expr->tensors);
    free(expr);
}

ExprNeeds expr_needs(const Expr *expr)
{
    return expr->needs;
}

const char *expr_tensors(const Expr *expr)
{
    return text_chars(&expr->tensors);
}

static Status evaluate(Expr *expr, const Snapshot *snapshot, SandboxKind *first)
{
    Status status;

    text_clear(&expr->line);
    expr->snapshot = snapshot;
    status = sandbox_run(expr->sandbox, NULL, first, &expr->line);
    expr->snapshot = NULL;
    return status;
}

Status expr_test(Expr *expr, const Snapshot *snapshot, bool *holds)
{
    const char *values;
    SandboxKind first;

    TRY(evaluate(expr, snapshot, &first));
    values = first == SANDBOX_NOTHING ? "nothing" : text_chars(&expr->line);
    if (first != SANDBOX_TRUE && first != SANDBOX_FALSE)
        return fail(STATUS_USAGE, "%.*s is neither true nor false; compare it, as in loss < 0.1",
                    (int)strcspn(values, "\t\n"), values);
    *holds = first == SANDBOX_TRUE;
    return ok();
}

Status expr_print(Expr *expr, const Snapshot *snapshot, Text *line)
{
    SandboxKind first;

    TRY(evaluate(expr, snapshot, &first));
    text_append(line, text_chars(&expr->line));
    return ok();
}
