#include "numerics/exact_sum.h"

#include <math.h>

enum { LEAST_EXPONENT = -1074, MANTISSA_BITS = 53, EXACT_BITS = EXACT_LIMBS * EXACT_LIMB_BITS };

static bool add_special(ExactSum *sum, double value)
{
    sum->nan |= isnan(value);
    sum->inf |= isinf(value) && value > 0.0;
    sum->minus_inf |= isinf(value) && value < 0.0;
    return !isfinite(value);
}

void exact_sum_add(ExactSum *sum, double value)
{
    int exponent, place, limb, shift;
    uint64_t mantissa, low, high;
    int64_t sign = value < 0.0 ? -1 : 1;

    if (add_special(sum, value) || value == 0.0)
        return;
    mantissa = (uint64_t)ldexp(frexp(fabs(value), &exponent), MANTISSA_BITS);
    place = exponent - MANTISSA_BITS - LEAST_EXPONENT;
    if (place < 0) { /* a subnormal: its lower bits are zeros */
        mantissa >>= -place;
        place = 0;
    }
    limb = place / EXACT_LIMB_BITS;
    shift = place % EXACT_LIMB_BITS;
    low = (mantissa & UINT32_MAX) << shift;
    high = (mantissa >> EXACT_LIMB_BITS) << shift;
    sum->limbs[limb] += sign * (int64_t)(low & UINT32_MAX);
    sum->limbs[limb + 1] += sign * (int64_t)((low >> EXACT_LIMB_BITS) + (high & UINT32_MAX));
    sum->limbs[limb + 2] += sign * (int64_t)(high >> EXACT_LIMB_BITS);
}

/* Carries until each limb is one of 32 bits. True: the whole is negative, and these are the limbs of
 * what is to be added to it for 2^EXACT_BITS. */
static bool carry(const int64_t *limbs, int64_t sign, uint32_t digits[EXACT_LIMBS])
{
    int64_t over = 0;

    for (int i = 0; i < EXACT_LIMBS; i++) {
        int64_t limb = sign * limbs[i] + over;

        digits[i] = (uint32_t)((uint64_t)limb & UINT32_MAX);
        over = (limb - (int64_t)digits[i]) / ((int64_t)UINT32_MAX + 1);
    }
    return over < 0;
}

static int top_bit(const uint32_t digits[EXACT_LIMBS])
{
    for (int i = EXACT_LIMBS - 1; i >= 0; i--)
        if (digits[i] != 0)
            return i * EXACT_LIMB_BITS + EXACT_LIMB_BITS - 1 - __builtin_clz(digits[i]);
    return -1;
}

static uint64_t bit_at(const uint32_t digits[EXACT_LIMBS], int bit)
{
    return digits[bit / EXACT_LIMB_BITS] >> (bit % EXACT_LIMB_BITS) & 1;
}

static bool any_below(const uint32_t digits[EXACT_LIMBS], int bit)
{
    for (int i = 0; i < bit; i++)
        if (bit_at(digits, i))
            return true;
    return false;
}

static double round_digits(const uint32_t digits[EXACT_LIMBS])
{
    int top = top_bit(digits), last = top < MANTISSA_BITS ? 0 : top - MANTISSA_BITS + 1;
    uint64_t mantissa = 0;

    for (int bit = top; bit >= last; bit--)
        mantissa = mantissa << 1 | bit_at(digits, bit);
    if (last > 0 && bit_at(digits, last - 1) && ((mantissa & 1) || any_below(digits, last - 1)))
        mantissa++;
    return ldexp((double)mantissa, last + LEAST_EXPONENT);
}

double exact_sum_value(const ExactSum *sum)
{
    uint32_t digits[EXACT_LIMBS];

    if (sum->nan || (sum->inf && sum->minus_inf))
        return (double)NAN;
    if (sum->inf || sum->minus_inf)
        return sum->inf ? (double)INFINITY : -(double)INFINITY;
    if (!carry(sum->limbs, 1, digits))
        return round_digits(digits);
    (void)carry(sum->limbs, -1, digits);
    return -round_digits(digits);
}
