/* bench_screen: what the screen costs, measured in a pseudo-terminal of 80x24 with both workers
 * training on MNIST: how fast a key is answered, what training loses beside --plain, and how many
 * bytes go to the terminal; and how fast all screens answer while a search uses knowledge.
 *
 * Plain and screen runs alternate, and each pair gives one ratio; the median is printed. Usage:
 * bench_screen [SECONDS [ROUNDS]]. Times are this machine's: nothing here is a test. */
#include "../support/pty.h"
#include "../support/spawn.h"
#include "tiller/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEYS = 200, ROUNDS_MAX = 32 };

/* One configuration for all trials, so that every epoch costs the same. */
static const char fixed_space[] =
    "{\"learning_rate\": 0.001, \"batch_size\": 32, \"optimizer\": \"adam\", \"weight_decay\": "
    "1e-7,\n"
    " \"num_layers\": 1, \"units\": 128, \"dropout\": 0.2, \"activation\": \"relu\",\n"
    " \"schedule\": \"constant\"}\n";

struct bench {
    char folder[64], space[128], seconds_text[16];
    double seconds;
    int rounds, files;
};

static const char *next_study(struct bench *b, char *out, size_t size)
{
    char name[48];
    text_format(name, sizeof name, "run-%d.study.jsonl", b->files++);
    file_join(out, size, b->folder, name);
    return out;
}

static void fail(const char *what)
{
    fprintf(stderr, "bench_screen: %s\n", what);
    exit(1);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, size_t n, double q)
{
    qsort(values, n, sizeof *values, compare);
    size_t i = (size_t)ceil(q * (double)n);
    return values[i > 0 ? i - 1 : 0];
}

/* Epochs that the log of a run holds. */
static double epochs_of(const char *path)
{
    struct study *study;
    struct err_info info = {0};
    if (study_read(path, NULL, &study, &info) != ERR_OK)
        fail(info.detail);
    double epochs = (double)study->epochs_spent;
    study_free(study);
    return epochs;
}

#define RUN(study)                                                                                 \
    spawn_tiller(), "run", "data/mnist", "--workers", "2", "--space", b->space, "--rng-seed", "1", \
        "--pruner", "none", "--sampler", "random", "--no-test", "--learn", "off", "--study",       \
        (study)

static double run_plain(struct bench *b)
{
    char study[128];
    next_study(b, study, sizeof study);
    const char *argv[] = {RUN(study), "--time", b->seconds_text, "--plain", NULL};
    struct spawned s;
    if (spawn_run(&s, argv, NULL, b->seconds + 60) != 0)
        fail(text_get(&s.err));
    spawn_free(&s);
    return epochs_of(study);
}

static struct pty *open_screen(struct bench *b, const char *study, const char *seconds)
{
    const char *argv[] = {RUN(study), "--time", seconds, NULL};
    struct pty *p = pty_spawn(argv, NULL, 24, 80);
    if (!p || !pty_wait_text(p, "validation error", 30))
        fail("the screen did not open");
    return p;
}

/* Bytes a second once the first picture stands. */
static double run_screen(struct bench *b, double *bytes_per_second)
{
    char study[128];
    int status;
    struct pty *p = open_screen(b, next_study(b, study, sizeof study), b->seconds_text);
    double began = clock_now_s();
    uint64_t before = pty_bytes(p);
    while (clock_now_s() - began < b->seconds - 1)
        pty_pump(p, 0.2);
    *bytes_per_second = (double)(pty_bytes(p) - before) / (clock_now_s() - began);
    if (!pty_wait_text(p, "finished", 30))
        fail("the run did not finish");
    pty_send(p, "Q");
    if (!pty_wait_exit(p, &status, 30))
        fail("Q did not leave");
    pty_close(p);
    return epochs_of(study);
}

static void bench_throughput(struct bench *b)
{
    double ratio[ROUNDS_MAX], bytes[ROUNDS_MAX];
    printf("training beside --plain, %g s a run, %d rounds\n", b->seconds, b->rounds);
    for (int i = 0; i < b->rounds; i++) {
        bool screen_first = i % 2;
        double with = screen_first ? run_screen(b, &bytes[i]) : 0;
        double plain = run_plain(b);
        if (!screen_first)
            with = run_screen(b, &bytes[i]);
        ratio[i] = with / plain;
        printf("  plain %6.0f epochs   screen %6.0f epochs   ratio %.3f   %6.0f bytes/s\n", plain,
               with, ratio[i], bytes[i]);
        fflush(stdout);
    }
    size_t n = (size_t)b->rounds;
    printf("ratio: median %.3f, lowest %.3f\n", quantile(ratio, n, 0.5), ratio[0]);
    printf("bytes/s to the terminal: median %.0f, highest %.0f\n", quantile(bytes, n, 0.5),
           bytes[n - 1]);
}

/* '5' shows the log, '1' the overview with its rule "validation error": answered when it went or
 * came. */
static void bench_keys(struct bench *b)
{
    char study[128];
    double ms[KEYS];
    struct pty *p = open_screen(b, next_study(b, study, sizeof study), "600");
    for (int i = 0; i < KEYS; i++) {
        double began = clock_now_s();
        bool log = i % 2 == 0;
        pty_send(p, log ? "5" : "1");
        if (!(log ? pty_wait_gone(p, "validation error", 10)
                  : pty_wait_text(p, "validation error", 10)))
            fail("a key was not answered");
        ms[i] = 1e3 * (clock_now_s() - began);
        pty_pump(p, 0.02 + 0.001 * (i % 37)); /* keys at all phases of the redraw */
    }
    pty_close(p);
    double median = quantile(ms, KEYS, 0.5);
    printf("key to picture, %d keys, both workers training: median %.1f ms, 99th percentile "
           "%.1f ms, highest %.1f ms\n",
           KEYS, median, quantile(ms, KEYS, 0.99), ms[KEYS - 1]);
}

/* ---- all screens of a search that uses knowledge ------------------------------------------ */

/* Each key, and what only its picture has: the mark of its tab, or the words of the help. */
static const struct {
    const char *key, *words, *name;
} pictures[] = {
    {"2", "[2]", "trials"},  {"4", "[4]", "Q-table"},  {"3", "[3]", "curves"},
    {"7", "[7]", "meta"},    {"5", "[5]", "log"},      {"8", "[8]", "race"},
    {"?", "help: ", "help"}, {"1", "[1]", "overview"},
};
enum { PICTURES = sizeof pictures / sizeof *pictures, TURNS = 40, KNOWING_S = 15 };

static struct pty *open_knowing(const char *study)
{
    const char *argv[] = {spawn_tiller(), "run",       "data/letter", "--workers", "2", "--study",
                          study,          "--no-test", "--time",      "600",       NULL};
    struct pty *p = pty_spawn(argv, NULL, 24, 80);
    if (!p || !pty_wait_text(p, "by value", 60))
        fail("the search with knowledge did not begin");
    for (double until = clock_now_s() + KNOWING_S; clock_now_s() < until;)
        pty_pump(p, 0.2); /* some results are there */
    return p;
}

static void print_times(const char *name, double *ms, size_t n)
{
    double median = quantile(ms, n, 0.5);
    printf("  %-18s median %5.1f ms, slowest %5.1f ms\n", name, median, ms[n - 1]);
}

static void bench_knowing(struct bench *b)
{
    static double ms[PICTURES][TURNS], all[PICTURES * TURNS];
    char study[128];
    struct pty *p = open_knowing(next_study(b, study, sizeof study));
    printf("key to picture, a search with knowledge, both workers training, %d keys\n",
           PICTURES * TURNS);
    for (int i = 0; i < PICTURES * TURNS; i++) {
        const char *words = pictures[i % PICTURES].words;
        double began = clock_now_s();
        pty_send(p, pictures[i % PICTURES].key);
        if (!pty_wait_text(p, words, 10))
            fail(words);
        all[i] = ms[i % PICTURES][i / PICTURES] = 1e3 * (clock_now_s() - began);
        pty_pump(p, 0.02 + 0.001 * (i % 37));
    }
    pty_close(p);
    for (int k = 0; k < PICTURES; k++)
        print_times(pictures[k].name, ms[k], TURNS);
    print_times("all", all, PICTURES * TURNS);
}

int main(int argc, char **argv)
{
    struct bench bench = {.seconds = argc > 1 ? atof(argv[1]) : 15,
                          .rounds = argc > 2 ? atoi(argv[2]) : 5};
    struct err_info info = {0};
    if (bench.seconds < 3 || bench.rounds < 1 || bench.rounds > ROUNDS_MAX)
        fail("usage: bench_screen [SECONDS >= 3 [ROUNDS 1..32]]");
    if (!spawn_make_folder(bench.folder) ||
        !file_join(bench.space, sizeof bench.space, bench.folder, "space.json") ||
        file_write_atomic(bench.space, fixed_space, strlen(fixed_space), &info) != ERR_OK)
        fail("no temporary folder");
    text_format(bench.seconds_text, sizeof bench.seconds_text, "%g", bench.seconds);
    bench_keys(&bench);
    bench_knowing(&bench);
    bench_throughput(&bench);
    spawn_remove_folder(bench.folder);
    return 0;
}
