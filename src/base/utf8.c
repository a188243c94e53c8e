#include "base/utf8.h"

#include <stdbool.h>

static int bytes_after(unsigned char lead)
{
    if (lead >= 0xC2 && lead <= 0xDF)
        return 1;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 2;
    return lead >= 0xF0 && lead <= 0xF4 ? 3 : -1;
}

/* Overlong forms, surrogates and what lies beyond Unicode are not characters. */
static bool well_formed(uint32_t rune, int after)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

    return rune >= least[after] && rune <= 0x10FFFF && (rune < 0xD800 || rune > 0xDFFF);
}

uint32_t rune_next(const char **text)
{
    const unsigned char *byte = (const unsigned char *)*text;
    int after = bytes_after(byte[0]);
    uint32_t rune = byte[0];

    if (byte[0] == 0)
        return 0;
    *text += 1;
    if (byte[0] < 0x80)
        return rune;
    if (after < 0)
        return RUNE_BROKEN;
    rune &= 0x3Fu >> after;
    for (int i = 1; i <= after; i++) {
        if ((byte[i] & 0xC0) != 0x80)
            return RUNE_BROKEN;
        rune = rune << 6 | (byte[i] & 0x3Fu);
    }
    if (!well_formed(rune, after))
        return RUNE_BROKEN;
    *text += after;
    return rune;
}

const char *rune_bytes(uint32_t rune, char bytes[RUNE_BYTES])
{
    int after = rune < 0x80 ? 0 : rune < 0x800 ? 1 : rune < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0x00, 0xC0, 0xE0, 0xF0};

    bytes[0] = (char)(lead[after] | rune >> (6 * after));
    for (int i = 1; i <= after; i++)
        bytes[i] = (char)(0x80 | (rune >> (6 * (after - i)) & 0x3F));
    bytes[after + 1] = '\0';
    return bytes;
}
