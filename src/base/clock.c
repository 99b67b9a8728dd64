/* The two clocks, and a way for tests to hold them still. */
#include "tiller/base.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic double fixed_s = -1;

void clock_fix(double wall_s)
{
    atomic_store(&fixed_s, wall_s);
}

static double read_clock(clockid_t id)
{
    double fixed = atomic_load(&fixed_s);
    if (fixed >= 0)
        return fixed;
    struct timespec now = {0};
    clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double clock_now_s(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double clock_wall_s(void)
{
    return read_clock(CLOCK_REALTIME);
}

const char *clock_iso(char out[static 40], double wall_s, bool utc)
{
    double whole = floor(wall_s);
    long micros = (long)((wall_s - whole) * 1e6);
    time_t seconds = (time_t)whole;
    struct tm parts;
    memset(&parts, 0, sizeof parts);
    if (utc)
        gmtime_r(&seconds, &parts);
    else
        localtime_r(&seconds, &parts);
    char date[32] = "";
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    text_format(out, 40, "%s.%06ld%s", date, micros < 0 || micros > 999999 ? 0 : micros,
                utc ? "+00:00" : "");
    return out;
}
