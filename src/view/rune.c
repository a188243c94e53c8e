#include "view/rune.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct Range {
    uint32_t first, last;
} Range;

/* In order, as those below. */
static const Range no_columns[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F}, {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064}, {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF},
};

static const Range two_columns[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97C},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};

static bool within(uint32_t rune, const Range *ranges, size_t count)
{
    for (size_t i = 0; i < count && rune >= ranges[i].first; i++) {
        if (rune <= ranges[i].last)
            return true;
    }
    return false;
}

int rune_width(uint32_t rune)
{
    if (within(rune, no_columns, sizeof no_columns / sizeof no_columns[0]))
        return 0;
    return within(rune, two_columns, sizeof two_columns / sizeof two_columns[0]) ? 2 : 1;
}

int rune_columns(const char *text)
{
    int columns = 0;

    for (uint32_t rune = rune_next(&text); rune != 0; rune = rune_next(&text))
        columns += rune_width(rune);
    return columns;
}
