/* view: what the screens show, copied out of the fold, so that nothing is drawn under its lock.
 *
 * view_refresh runs between a source's begin_read and end_read. It costs time in proportion to what
 * changed since the last call, not to the size of the study: ended trials are never written again
 * (decisions 1), so only open trials, new ones and the newest few are read again. Everything here
 * is derived from the fold and the engine's status; there is no second state. */
#ifndef TILLER_TUI_VIEW_H
#define TILLER_TUI_VIEW_H

#include "tiller/engine.h"
#include "tiller/meta.h"
#include "tiller/race.h"
#include "tiller/study.h"
#include "tui/view_meta.h"

enum {
    VIEW_CURVES = 24,  /* curves kept at hand */
    VIEW_LINES = 4096, /* newest lines of the log screen */
    VIEW_BEST = 8,
    VIEW_FINDERS = 8,
    VIEW_TREND = 8
};

/* One trial as the tables need it. */
struct view_row {
    int64_t number, continues, continued_by; /* -1 none */
    int64_t n_parameters;                    /* -1 unknown */
    double value, best_loss, reward, seconds, start_s, end_s;
    int32_t epochs, target, best_epoch, recorded;
    float trend[VIEW_TREND]; /* newest values of an open trial, oldest first */
    uint8_t n_trend;
    uint8_t state;       /* enum trial_state */
    bool paused, hidden; /* hidden: a later link of its chain stands for it */
    char who[16], action[24];
};

struct view_curve {
    int64_t number; /* -1: free */
    int32_t recorded;
    size_t n, capacity;
    struct epoch_result *epochs;
    unsigned used; /* refresh in which somebody last wanted it */
};

struct view_line {
    double time_s;
    int64_t trial; /* -1 none */
    char who[16], what[24];
    char say[240];
};

struct view_finder {
    char who[16];
    int n; /* how often its trial became the incumbent */
};

/* What the current screen wants besides the rows. */
struct view_want {
    int64_t curve[VIEW_CURVES];
    size_t n_curves;
    int64_t detail;   /* a trial's whole line; -1 none */
    size_t n_running; /* curves of running trials, newest first ... */
    size_t n_best;    /* ... and of the best ended ones, at most VIEW_BEST */
    bool meta;        /* what is made of the knowledge */
    bool lane;        /* the best error so far by epochs charged */
};

struct view {
    uint64_t version;
    const void *identity; /* the study read last */
    unsigned refreshes;
    uint64_t rows_changed; /* grows when a row, its order or its state may have changed */

    char study_name[96], metric[32], fingerprint[40]; /* of the data; "" unknown */
    int direction;
    struct space space;
    uint32_t ever_set; /* bit i: some trial has a value of hyperparameter i */
    int64_t best;      /* number, -1 none */
    int64_t n_state[5];
    int64_t epochs_spent, epochs_charged;
    double seconds_trained;
    int64_t tests_read;
    char test_say[200];   /* newest test event, "" none */
    double test_accuracy; /* NaN unknown */
    struct engine_status status;

    struct view_row *rows; /* [n_rows] by number */
    double *values;        /* [n_rows x space.n] internal values, NaN where not set */
    size_t n_rows, rows_capacity;
    size_t *open; /* indices of trials that have not ended */
    size_t n_open, open_capacity;
    int64_t top[VIEW_BEST]; /* best ended trials, best first */
    size_t n_top;
    struct view_finder finder[VIEW_FINDERS];
    size_t n_finders;

    struct view_curve curves[VIEW_CURVES];
    int64_t running[VIEW_CURVES]; /* numbers of running trials, newest first */
    size_t n_running;
    bool has_lane, has_detail;
    bool steered;        /* a person had a say (study_is_steered) */
    struct trial detail; /* curve is NULL: see view_curve_of */
    bool has_move;
    struct trial move; /* newest trial that the agent chose; curve NULL */

    const struct guidance *guidance; /* lent by the source; NULL: none */
    struct qtable q;                 /* the agent's own: what is known, then this study's updates */
    struct qtable_overrides overrides;
    struct view_meta meta;
    size_t n_updates; /* folded into q */
    struct q_update last_update, best_update;

    struct race_lane lane; /* best error so far by epochs, kept once it was wanted */
    double lane_best;      /* of all rows as they were ever read */

    struct view_line *lines; /* ring of VIEW_LINES */
    size_t first_line, n_lines;
    int64_t n_lines_ever;
    size_t events_seen, q_events_seen;
};

/* view_init / view_free: zero-initialise first. */
void view_init(struct view *v);
void view_free(struct view *v);
/* view_refresh: bring v up to the study. Returns false when memory ran out (v stays usable, some of
 * it older). */
bool view_refresh(struct view *v, const struct study *study, const struct view_want *want);

const struct view_row *view_row(const struct view *v, int64_t number); /* NULL if none */
const struct view_curve *view_curve_of(const struct view *v, int64_t number);
/* Value i of a trial as people read it; "" where it is not set. */
const char *view_value_text(const struct view *v, int64_t number, int i, bool exact, char *out,
                            size_t out_size);
struct configuration view_config(const struct view *v, int64_t number);
const struct view_line *view_line(const struct view *v, size_t i); /* i-th oldest */
bool row_has_ended(const struct view_row *r);
/* Best value of the objective among ended and running trials; NaN none. */
double view_best_value(const struct view *v);

#endif
