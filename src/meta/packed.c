/* packed: halves and base64, both ways; nothing is allocated but the text. */
#include "packed.h"

#include <math.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { HALF_MANTISSA = 10, HALF_LEAST = -24, HALF_NORMAL = -14, HALF_EXPONENT_ALL = 31 };
#define HALF_MAX 65504.0F

/* Rounded to the nearest, ties to even. */
static uint16_t to_half(float value)
{
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    float size = fminf(fabsf(value), HALF_MAX);
    int exponent;
    frexpf(size, &exponent); /* size = [.5, 1) 2^exponent */
    exponent = exponent - 1 < HALF_NORMAL ? HALF_NORMAL : exponent - 1;
    long steps = lrintf(ldexpf(size, HALF_MANTISSA - exponent)); /* 0 .. 2^11 */
    /* A normal number's leading bit adds one to the exponent field, as does rounding up to 2^11. */
    long field = (long)(exponent - HALF_NORMAL) << HALF_MANTISSA;
    return (uint16_t)(sign | (uint16_t)(field + steps));
}

/* false: infinite or no number. */
static bool from_half(uint16_t half, float *value)
{
    int exponent = half >> HALF_MANTISSA & HALF_EXPONENT_ALL, mantissa = half & 0x3FF;
    float size = exponent ? ldexpf((float)(mantissa + 1024), exponent - 1 + HALF_LEAST)
                          : ldexpf((float)mantissa, HALF_LEAST);
    *value = half & 0x8000 ? -size : size;
    return exponent != HALF_EXPONENT_ALL;
}

static uint8_t byte_of(const float *value, size_t i)
{
    uint16_t half = to_half(value[i / 2]);
    return (uint8_t)(i % 2 ? half >> 8 : half & 0xFF);
}

void packed_put(const float *value, size_t n, struct text *out)
{
    size_t bytes = 2 * n;
    for (size_t i = 0; i < bytes; i += 3) {
        uint32_t three = 0;
        size_t left = bytes - i < 3 ? bytes - i : 3;
        char four[5] = "====";
        for (size_t k = 0; k < left; k++)
            three |= (uint32_t)byte_of(value, i + k) << (16 - 8 * k);
        for (size_t k = 0; k <= left; k++)
            four[k] = digits[three >> (18 - 6 * k) & 63];
        text_append_n(out, four, 4);
    }
}

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool packed_read(const char *text, float *value, size_t n)
{
    size_t bytes = 2 * n, length = strlen(text), at = 0, n_digits = (8 * bytes + 5) / 6;
    uint32_t held = 0, half = 0;
    int bits = 0;
    if (length != (bytes + 2) / 3 * 4)
        return false;
    for (size_t i = 0; i < length; i++) {
        int digit = i < n_digits ? digit_of(text[i]) : 0;
        if (digit < 0 || (i >= n_digits && text[i] != '='))
            return false;
        if (i >= n_digits)
            continue;
        held = (held << 6 | (uint32_t)digit) & 0xFFFFF;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        uint32_t byte = held >> bits & 0xFF;
        half = at % 2 ? half | byte << 8 : byte;
        if (at % 2 && !from_half((uint16_t)half, &value[at / 2]))
            return false;
        at++;
    }
    return (held & ((UINT32_C(1) << bits) - 1)) == 0; /* or it would not be put as it was */
}
