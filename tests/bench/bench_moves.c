/* bench_moves: how fast tables of moves are learnt, and what they are worth on families left out.
 *
 * Usage: bench_moves FOLDER [STEPS [LEFT-OUT]]: a folder of recordings; steps a family. */
#include "tiller/learn.h"
#include "tiller/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static bool tell(void *arg, int done, int all)
{
    fprintf(stderr, "\r%s %d of %d", (const char *)arg, done, all);
    return true;
}

int main(int argc, char **argv)
{
    static struct qtable table;
    static struct pilot pilot;
    struct err_info info;
    struct learn_records *records;
    struct learn_moves_report report;
    struct text out = {0};
    char word[] = "families", line[900];
    struct learn_moves_options options = {.rng_seed = 1, .progress = tell, .arg = word};
    net_init();
    if (argc < 2) {
        printf("bench_moves: no folder of recordings given; nothing to do\n");
        return 0;
    }
    options.steps_per_family = argc > 2 ? atol(argv[2]) : 0;
    options.left_out = argc > 3 ? argv[3] : NULL;
    enum err err = learn_records_folder(argv[1], false, &records, &info);
    clock_t start = clock();
    if (err == ERR_OK)
        err = learn_moves(records, &options, &table, &pilot, &report, &info);
    if (err != ERR_OK) {
        fprintf(stderr, "%s\n", err_format(&info, line, sizeof line));
        return 1;
    }
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    learn_put_moves(&report, &out);
    printf("\n%s%.0f s of one core, judging and twins included: %.0f steps a minute\n",
           text_get(&out), seconds, (double)report.steps / seconds * 60);
    text_free(&out);
    learn_records_free(records);
    return 0;
}
