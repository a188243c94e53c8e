#include "train/json.h"

#include <string.h>

static void skip_blanks(Json *json)
{
    while (json->at < json->end && strchr(" \t\r\n", *json->at) != NULL && *json->at != '\0')
        json->at++;
}

bool json_take(Json *json, char c)
{
    skip_blanks(json);
    if (json->at == json->end || *json->at != c)
        return false;
    json->at++;
    return true;
}

bool json_done(Json *json)
{
    skip_blanks(json);
    return json->at == json->end;
}

static void append_utf8(uint32_t code, Text *text)
{
    char bytes[4];
    size_t count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};

    for (size_t i = count - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    bytes[0] = (char)(lead[count] | code);
    text_append_bytes(text, bytes, count);
}

static bool read_hex(Json *json, uint32_t *code)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";

    *code = 0;
    if (json->end - json->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = *json->at++;
        const char *digit = c == '\0' ? NULL : strchr(digits, c);

        if (digit == NULL)
            return false;
        *code = *code << 4 | ((uint32_t)(digit - digits) & 15);
    }
    return true;
}

/* Behind \u: one half of a pair does not stand alone. */
static bool read_code(Json *json, Text *text)
{
    uint32_t code, low;

    if (!read_hex(json, &code) || code == 0 || (code >= 0xDC00 && code < 0xE000))
        return false;
    if (code >= 0xD800 && code < 0xDC00) {
        if (json->end - json->at < 6 || json->at[0] != '\\' || json->at[1] != 'u')
            return false;
        json->at += 2;
        if (!read_hex(json, &low) || low < 0xDC00 || low >= 0xE000)
            return false;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(code, text);
    return true;
}

static bool read_escape(Json *json, Text *text)
{
    static const char names[] = "\"\\/bfnrt", chars[] = "\"\\/\b\f\n\r\t";
    const char *name;

    if (json->at == json->end)
        return false;
    if (*json->at == 'u') {
        json->at++;
        return read_code(json, text);
    }
    name = *json->at == '\0' ? NULL : strchr(names, *json->at);
    if (name == NULL)
        return false;
    json->at++;
    text_append_bytes(text, &chars[name - names], 1);
    return true;
}

/* One character of several bytes: none overlong, no half of a pair. */
static bool read_utf8(Json *json, Text *text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)*json->at;
    int count = lead >= 0xF0 && lead < 0xF5 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    uint32_t code = lead & (0xFFu >> (count + 1));

    if (count == 0 || lead >= 0xF5 || json->end - json->at < count)
        return false;
    for (int i = 1; i < count; i++) {
        if (((unsigned char)json->at[i] & 0xC0) != 0x80)
            return false;
        code = code << 6 | ((unsigned char)json->at[i] & 0x3F);
    }
    if (code < least[count] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return false;
    text_append_bytes(text, json->at, (size_t)count);
    json->at += count;
    return true;
}

bool json_string(Json *json, Text *text)
{
    text_clear(text);
    if (!json_take(json, '"'))
        return false;
    while (json->at < json->end) {
        unsigned char c = (unsigned char)*json->at;

        if (c == '"') {
            json->at++;
            return true;
        }
        if (c < ' ')
            return false;
        if (c >= 0x80) {
            if (!read_utf8(json, text))
                return false;
            continue;
        }
        json->at++;
        if (c != '\\')
            text_append_bytes(text, (const char *)&c, 1);
        else if (!read_escape(json, text))
            return false;
    }
    return false;
}

bool json_count(Json *json, int64_t *count)
{
    const int64_t most = (int64_t)1 << 53;
    const char *first;

    skip_blanks(json);
    first = json->at;
    *count = 0;
    for (; json->at < json->end && *json->at >= '0' && *json->at <= '9'; json->at++) {
        *count = *count * 10 + (*json->at - '0');
        if (*count > most)
            return false;
    }
    return json->at > first && (*first != '0' || json->at == first + 1);
}

void json_quote(const char *chars, Text *text)
{
    text_append(text, "\"");
    for (; *chars != '\0'; chars++) {
        if (*chars == '"' || *chars == '\\')
            text_printf(text, "\\%c", *chars);
        else if (*chars == '\n')
            text_append(text, "\\n");
        else if ((unsigned char)*chars < ' ')
            text_printf(text, "\\u%04x", (unsigned)*chars);
        else
            text_append_bytes(text, chars, 1);
    }
    text_append(text, "\"");
}
