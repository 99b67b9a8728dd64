/* race: searches on one task side by side, as far as each has come: samplers replayed on recorded
 * learning curves, or study logs.
 *
 * Belongs to the room `learn`. A thread of its own replays and reads; who shows it takes copies
 * (race_read). No screens. */
#ifndef TILLER_RACE_H
#define TILLER_RACE_H

#include "tiller/base.h"
#include "tiller/bench.h"
#include "tiller/study.h"

enum { RACE_LANES_MAX = 12, RACE_SEEDS_MAX = 25 };

/* From so many charged epochs on: the best error so far, over a lane's searches the median (the
 * upper one of two) and the quartiles; of a single search all three are the same. */
struct race_step {
    int64_t epoch;
    double error, low, high;
};

struct race_lane {
    char name[64];        /* sanitised: a method, or a study's name */
    char problem[200];    /* why it does not run; "" */
    bool live;            /* of a log in which trials are running */
    bool knows;           /* of a log whose search used knowledge of other tasks */
    bool steered;         /* of a log in which a person had a say */
    int n_runs, n_wanted; /* searches replayed so far; of a log 1 */
    int64_t n_epochs;     /* charged in all: how far it goes */
    struct race_step *step;
    size_t n_steps, capacity; /* by epoch, errors falling */
};
void race_lane_free(struct race_lane *lane);
enum err race_lane_add(struct race_lane *lane, const struct race_step *step); /* ERR_MEMORY */
/* Error of the lane when so many epochs have been charged: NaN before there was one. */
double race_error(const struct race_lane *lane, int64_t epoch);
/* The first epoch with an error of at most target; 0: never. */
int64_t race_reaches(const struct race_lane *lane, double target);
/* What a study has come to by its epochs: in the order in which they were trained, as far as times
 * and lengths tell; charged events count where they stand. Fills step, n_epochs, live, steered and
 * the name, if it is "". Pure. Errors: ERR_MEMORY. Cost: n log n for n epochs. */
enum err race_lane_of_study(const struct study *study, struct race_lane *lane);

/* Everything that is known now. Zero-initialise; owner: caller, race_picture_free. */
struct race_picture {
    uint64_t version;
    char title[200];      /* "dna (lcbench), 5 searches of each" */
    char known[200];      /* "knowledge of 31 tasks, the family dna left out"; "": nobody asks */
    char problem[240];    /* why there is no race; "" */
    bool working;         /* the thread is still at it */
    char fingerprint[40]; /* of the data of the task, or of the first log; "" unknown */
    bool differs;         /* logs of different data: their errors do not compare */
    int full_epochs;      /* R; 0 unknown */
    int64_t n_epochs;     /* where the longest lane ends, or the budget */
    double best, median;  /* of the recorded task: regret 0 and 1; NaN unknown */
    int n_lanes;
    struct race_lane lane[RACE_LANES_MAX];
};
void race_picture_free(struct race_picture *p);
/* Order of n lanes when so many epochs have been charged: best first, lanes without an error last,
 * ties as they stand. order[n]. */
void race_order(const struct race_lane *lane, int n, int64_t epoch, int *order);

/* What guided methods know on a table, as for `tiller run`. */
struct race_known {
    const char *file; /* of knowledge; NULL: nothing is known */
    const char *own;  /* what this user's own studies have taught; NULL: nothing */
    bool said;        /* the file was named: without it there is no race; else it is only said */
    bool include_own; /* the task's own family is not left out */
};
struct race_options {
    const char *const *path; /* study logs, or one table or pool of recorded curves */
    size_t n_paths;
    const char *task;     /* of a table with several; NULL: the first one */
    const char *methods;  /* "random,tpe+halving"; NULL or "": race_default_methods, or with
                             knowledge race_knowing_methods */
    int n_seeds;          /* searches of each method; 0: 5 */
    double budget;        /* in full trainings; 0: 30 */
    enum curve_unit unit; /* of a table */
    struct race_known known;
};
extern const char race_default_methods[], race_knowing_methods[];

/* race_open: checks what was asked for (ERR_USAGE, ERR_RANGE) and starts the thread; what is wrong
 * with files is found by it and stands in the picture. Logs are read again once a second while they
 * grow. Owner: caller, race_close, which does not wait for a replay under way: its thread ends by
 * itself. */
struct race;
enum err race_open(const struct race_options *options, struct race **out, struct err_info *info);
void race_close(struct race *race);
/* race_read: brings *p up to date. Returns false if nothing is new (or memory ran out: it is older
 * then). Copies under a lock that is held for copies only. */
bool race_read(struct race *race, struct race_picture *p);
/* Until the thread has nothing left to do, at most so long; for plain reports and tests. False: it
 * is still at it. */
bool race_wait(struct race *race, double seconds);

#endif
