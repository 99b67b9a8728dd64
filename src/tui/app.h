/* app: the upper half of the screen: what is shown now, which keys do what, what was asked.
 *
 * One struct app per tui_run; one thread. Everything that is drawn comes from app->view; everything
 * a person asks goes out as a struct request. A screen is a row of a table (struct screen), a key
 * or
 * `:` command is a row of another (struct action); dispatch, key line, help and completion read the
 * same two tables. */
#ifndef TILLER_TUI_APP_H
#define TILLER_TUI_APP_H

#include "tiller/tui.h"
#include "tui/form.h"
#include "tui/frame.h"
#include "tui/heat.h"
#include "tui/layout.h"
#include "tui/line_edit.h"
#include "tui/plot.h"
#include "tui/race_play.h"
#include "tui/table.h"
#include "tui/term.h"
#include "tui/theme.h"
#include "tui/trial_list.h"
#include "tui/view.h"

enum screen_id {
    SCREEN_OVERVIEW,
    SCREEN_TRIALS,
    SCREEN_CURVES,
    SCREEN_QTABLE,
    SCREEN_LOG,
    SCREEN_META,
    SCREEN_RACE,
    SCREEN_HELP,
    SCREEN_N
};

/* Who gets the keys. */
enum app_mode {
    MODE_KEYS,    /* the actions of the screen */
    MODE_COMMAND, /* `:` */
    MODE_FILTER,  /* `/` */
    MODE_EXTEND,  /* how many epochs? */
    MODE_CONFIRM, /* y/N */
    MODE_FORM,    /* seeding a trial */
    MODE_MENU     /* sort by, all actions */
};

enum { APP_TARGETS = 256, MENU_ITEMS = 128 };

/* What is about to be asked of the engine, for one or several trials. */
struct app_plan {
    enum request_kind kind;
    int64_t trial[APP_TARGETS];
    size_t n;
    int64_t amount;
    bool leave;    /* quitting: the program ends with it */
    bool may_keep; /* F instead: finish, keeping the value */
    char question[640];
};

struct app;
struct app_menu {
    char title[64];
    struct menu_item {
        char text[112];
        int id;
    } item[MENU_ITEMS];
    size_t n, cursor, top;
    bool typed; /* what is typed narrows it (all actions) */
    void (*chosen)(struct app *app, int id);
};

/* How curves are looked at; shared by the overview and the curves screen. */
struct app_curves {
    bool log_y, by_time, readout, hide_train;
    double smoothing;          /* weight, 0 none */
    struct plot_window window; /* NaN: everything */
    double cursor_x;
    struct plot_view seen; /* of the last drawing, for zooming */
    bool losses_in_front;  /* curves screen: the lower plot has the focus */
};

struct app {
    const struct tui_source *source;
    struct tui_options options;
    struct term *term;
    struct frame frame;
    struct view view;
    struct theme theme;
    enum tui_colour wished_colour; /* by :set color */
    enum screen_id screen, screen_before;
    enum layout_pane focus; /* overview: which pane hjkl moves in */
    struct layout layout;   /* of the last drawing */
    bool widen;
    int preset;
    struct trial_list list;
    bool chosen;    /* the person has moved the cursor: it no longer follows the best */
    int table_skip; /* trials screen: columns scrolled out at the left */
    bool column_off[COLUMN_FIXED_N + SPACE_MAX]; /* taken out of the tables by the person */
    struct app_curves curves;
    struct app_race race;
    size_t meta_part; /* the first that is shown where only one column fits */
    size_t q_row, q_col, q_top, q_left;
    char log_filter[128], help_filter[128];
    size_t log_up;    /* lines that fit, up from the newest; 0 follows */
    int64_t log_seen; /* lines ever when that was counted */
    size_t help_top;

    enum app_mode mode;
    long count; /* typed before a key; 0 none */
    struct line_edit edit;
    struct history history;
    struct app_plan plan;
    struct app_menu menu;
    struct form form;
    const char *choices[SPACE_MAX][SPACE_CHOICES_MAX];
    int field[SPACE_MAX]; /* form field of hyperparameter i */
    char filter_before[128];

    char message[1024];
    enum paint message_paint;
    bool message_stays; /* an error: until a key is pressed */
    double message_s;   /* since when it is shown */
    bool frozen, finish_told, osc52, mouse;
    bool dirty;  /* to be drawn ... */
    bool hurry;  /* ... at once, not at the next frame: a key was pressed */
    bool behind; /* the source changed and was not read yet */
    double drawn_s, interval_s;
    bool leave;
    enum tui_end end;
    struct err_info error;
};

struct screen {
    const char *name;  /* also its :command */
    const char *title; /* in the tab line */
    char digit;        /* '1'; 0 none */
    void (*draw)(struct app *app);
    /* Moves by rows and columns; LONG_MIN and LONG_MAX rows: to the ends. */
    void (*move)(struct app *app, long rows, long cols);
    void (*want)(const struct app *app, struct view_want *want); /* NULL: nothing special */
    long (*page)(const struct app *app);                         /* rows of a page */
};
extern const struct screen screens[SCREEN_N];
int screen_find(const char *name); /* -1 unknown */
/* Is there something for it to show? */
bool screen_exists(const struct app *app, int id);

/* ---- the loop (app.c, run.c) ------------------------------------------------------------- */

/* app_open: everything but the terminal; app_close frees. For tui_run and for tests. */
bool app_open(struct app *app, const struct tui_source *source, const struct tui_options *options,
              struct term *term);
void app_close(struct app *app);
void app_refresh(struct app *app); /* view up to the source, unless frozen */
void app_draw(struct app *app);    /* into app->frame, at its size */
void app_key(struct app *app, const struct term_event *event);
void app_mouse(struct app *app, const struct term_event *event);
enum tui_end app_run(struct app *app, struct err_info *info);
void app_say(struct app *app, enum paint paint, const char *fmt, ...) TILLER_PRINTF(3, 4);
/* An error stays until a key is pressed. Returns false, so that actions can return it. */
bool app_complain(struct app *app, const char *fmt, ...) TILLER_PRINTF(2, 3);
void app_show(struct app *app, enum screen_id screen);
bool app_set_theme(struct app *app, const char *name);
void app_apply_theme(struct app *app);

/* ---- actions (actions.c) ----------------------------------------------------------------- */

enum action_group {
    GROUP_SCREENS,
    GROUP_MOVE,
    GROUP_FIND,
    GROUP_STEER,
    GROUP_PLOT,
    GROUP_TABLE,
    GROUP_RACE,
    GROUP_OTHER,
    GROUP_N
};
enum danger { DANGER_NONE, DANGER_REVERSIBLE, DANGER_LOSES_WORK };
enum {
    ON_OVERVIEW = 1 << SCREEN_OVERVIEW,
    ON_TRIALS = 1 << SCREEN_TRIALS,
    ON_CURVES = 1 << SCREEN_CURVES,
    ON_QTABLE = 1 << SCREEN_QTABLE,
    ON_LOG = 1 << SCREEN_LOG,
    ON_META = 1 << SCREEN_META,
    ON_RACE = 1 << SCREEN_RACE,
    ON_HELP = 1 << SCREEN_HELP,
    ON_STUDY = ON_OVERVIEW | ON_TRIALS | ON_CURVES | ON_QTABLE | ON_LOG | ON_META | ON_RACE,
    ON_TABLES = ON_OVERVIEW | ON_TRIALS,
    ON_PLOTS = ON_OVERVIEW | ON_CURVES,
    ON_ALL = ON_STUDY | ON_HELP
};
struct action {
    const char *word; /* its : name */
    const char *args; /* how they are typed, "[N]"; NULL none */
    uint32_t keys[3]; /* 0: no more */
    unsigned screens; /* where the keys work */
    enum action_group group;
    enum danger danger;
    const char *label; /* in the key line; NULL: not there */
    const char *help;  /* one sentence */
    /* NULL if it can be done now, else one sentence why not. */
    const char *(*why_not)(const struct app *app);
    /* args NULL: by key. Returns false if it said why it could not. */
    bool (*run)(struct app *app, const char *args);
    void (*complete)(const struct app *app, const char *word, struct completion *out);
};
extern const struct action actions[];
extern const size_t n_actions;
const struct action *action_of_key(const struct app *app, uint32_t key); /* NULL: none */
const struct action *action_find(const char *word);
const char *action_label(const struct app *app, const struct action *a);
bool action_run(struct app *app, const struct action *a, const char *args);
/* "p", "Ctrl-d PgDn": its keys as help writes them; "" none. */
const char *action_keys(const struct action *a, char *out, size_t out_size);

/* ---- commands (commands.c) --------------------------------------------------------------- */

bool command_line_run(struct app *app, const char *line);
void command_line_complete(void *app, const char *text, size_t cursor, struct completion *out);
/* Takes the next blank-separated word off *rest; false if there is none. */
bool next_word(const char **rest, char *out, size_t out_size);
/* "17" or "#17" of an existing trial; complains else. */
bool parse_trial(struct app *app, const char *word, int64_t *out);

/* ---- steering (steer.c) ------------------------------------------------------------------ */

const char *why_no_steering(const struct app *app);
const char *why_no_pause(const struct app *app);
const char *why_no_prune(const struct app *app);
const char *why_no_finish(const struct app *app);
const char *why_no_extend(const struct app *app);
const char *why_no_clone(const struct app *app);
bool steer_pause(struct app *app, const char *args);
bool steer_resume(struct app *app, const char *args);
bool steer_prune(struct app *app, const char *args);
bool steer_finish(struct app *app, const char *args);
bool steer_withdraw(struct app *app, const char *args);
bool steer_extend(struct app *app, const char *args);
bool steer_seed(struct app *app, const char *args);
bool steer_clone(struct app *app, const char *args);
bool steer_again(struct app *app, const char *args);
bool steer_budget(struct app *app, const char *args);
bool steer_workers(struct app *app, const char *args);
bool steer_stop(struct app *app, const char *args);
bool steer_ban(struct app *app, const char *args); /* steer_ban.c */
void complete_ban(const struct app *app, const char *word, struct completion *out);
bool steer_quit(struct app *app, const char *args);
/* Asks the engine; complains if it refuses. */
bool steer_ask(struct app *app, const struct request *request);
void steer_key(struct app *app,
               const struct term_event *event); /* CONFIRM, EXTEND and FORM modes */
bool steer_is_running(const struct app *app);   /* is there work that quitting would end? */

/* ---- the Q-table's word (steer_qtable.c) ------------------------------------------------- */

const char *why_no_table(const struct app *app);
bool qtable_pin(struct app *app, const char *args);
bool qtable_edit(struct app *app, const char *args);
bool qtable_freeze(struct app *app, const char *args);
bool qtable_next(struct app *app, const char *args);
void complete_move(const struct app *app, const char *word, struct completion *out);

/* ---- dialogs (dialog.c): prompts, questions, menus --------------------------------------- */

void prompt_open(struct app *app, enum app_mode mode, const char *text);
void dialog_draw(struct app *app); /* whatever is open, over the screen */
void prompt_key(struct app *app, const struct term_event *event);
void menu_open(struct app *app, const char *title, bool typed,
               void (*chosen)(struct app *app, int id));
void menu_add(struct app *app, int id, const char *text);
void menu_key(struct app *app, const struct term_event *event);
bool open_sort_menu(struct app *app, const char *args);
bool open_all_actions(struct app *app, const char *args);
bool open_columns_menu(struct app *app, const char *args);

/* ---- drawing helpers (draw.c, draw_lines.c, draw_trials.c, draw_curves.c) ---------------- */

/* Three significant digits with a sign in front, a dash for NaN. */
const char *signed_text(double value, char *out, size_t out_size);
/* Words broken into lines inside r; returns the rows used. */
int draw_wrapped(struct frame *f, struct rect r, enum paint paint, int attr, const char *text);
/* The rows that takes, 1..most. */
int wrapped_rows(const char *text, int cols, int most);
/* Pieces in one row, those with the highest rank dropped until the rest fits; "" is skipped. */
struct piece {
    char text[96];
    enum paint paint;
    int attr, rank;
    bool right; /* from the right end */
};
void draw_pieces(struct frame *f, struct rect row, struct piece *pieces, size_t n);
/* "10–29 runs, moving, incumbent overfits"; "" for no situation (-1). */
const char *situation_text(int index, char *out, size_t out_size);
/* A dim word at the left, text wrapped behind it at label_cols; *r shrinks from the top. Nothing
 * for "". */
void draw_labelled(struct frame *f, struct rect *r, int label_cols, const char *label,
                   enum paint paint, const char *text);
/* A rule over the width of r with a title at the left and words at the right end. */
void draw_rule(struct frame *f, struct rect r, const char *title, const char *right);
void draw_header(struct app *app);
void draw_key_line(struct app *app);
void draw_divider(struct app *app);
/* The trial table of both screens; full: all columns. */
void draw_trials(struct app *app, struct rect r, bool full);
/* A click into that table: selects a row, sorts by a title. False: it was elsewhere. */
bool trials_click(struct app *app, struct rect r, bool full, int row, int col);
enum paint state_paint(const struct view_row *r);
const char *state_text(const struct view_row *r);
enum paint series_paint(int64_t number);
/* Curves of trials into r; losses: val and train loss instead of the objective. */
void draw_curves(struct app *app, struct rect r, const int64_t *numbers, size_t n, bool losses,
                 const char *title);
const char *metric_title(const struct view *v); /* "validation error" */
/* The trials whose curves a screen shows, at most max. */
size_t curves_of_overview(const struct app *app, int64_t *out, size_t max);
size_t curves_chosen(const struct app *app, int64_t *out, size_t max);

/* ---- screens ----------------------------------------------------------------------------- */

void overview_draw(struct app *app);
void overview_want(const struct app *app, struct view_want *want);
void overview_next_pane(struct app *app, int direction);
void trials_draw(struct app *app);
void trials_move(struct app *app, long rows, long cols);
void trials_want(const struct app *app, struct view_want *want);
/* Moves the read-out by stored steps, or the window sideways. */
void curves_step(struct app *app, long steps);
void curves_draw(struct app *app);
/* Rows: the chosen trial; columns: the read-out or the window. The overview moves so too. */
void curves_move(struct app *app, long rows, long cols);
void curves_want(const struct app *app, struct view_want *want);
void qtable_draw(struct app *app);
void qtable_move(struct app *app, long rows, long cols);
/* Is anything known of the cell, itself or of the same move under other diagnoses? */
bool qtable_is_known(const struct qtable *q, int s, int a);
/* The cell under the cursor; false: there is none. */
bool qtable_at_cursor(const struct app *app, int *situation, int *move);
/* What is proposed next: what a person asked for, else what the agent says; -1 unknown. */
int qtable_next_move(const struct app *app);
void meta_draw(struct app *app);
void meta_move(struct app *app, long rows, long cols);
void meta_want(const struct app *app, struct view_want *want);
const char *why_no_learning(const struct app *app);
bool meta_learn(struct app *app, const char *args);
/* The up-th newest line that fits the log's filter; NULL none. */
const struct view_line *log_line(const struct app *app, size_t up);
void log_draw(struct app *app);
void log_move(struct app *app, long rows, long cols);
void help_draw(struct app *app);
void help_move(struct app *app, long rows, long cols);
long page_rows(const struct app *app);

#endif
