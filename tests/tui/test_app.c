/* The app from a person's side: keys and `:` commands in, requests and frames out. */
#include "fixture.h"

#include "tui/app.h"

/* ---- a sitting: keys from text, no waiting ----------------------------------------------- */

struct sitting {
    struct fixture fx;
    struct tui_source source;
    struct tui_options options;
    struct term *term;
    struct app *app;
};

static void begin_with(struct sitting *s, int rows, int cols, bool filled, bool steerable)
{
    struct err_info info = {0};
    *s = (struct sitting){.options = {.glyphs = "braille", .script = "keys", .task_name = "mnist"}};
    fixture_open(&s->fx);
    if (filled)
        fixture_fill(&s->fx);
    s->source = fixture_source(&s->fx);
    if (!steerable)
        s->source.request = NULL;
    assert_int_equal(term_open_script_text("", "keys", rows, cols, &s->term, &info), ERR_OK);
    s->app = mem_zero_alloc(1, sizeof *s->app);
    assert_non_null(s->app);
    assert_true(app_open(s->app, &s->source, &s->options, s->term));
    app_refresh(s->app);
    app_draw(s->app);
}

static void begin(struct sitting *s)
{
    begin_with(s, 24, 80, true, true);
}

static void end(struct sitting *s)
{
    assert_int_equal(s->fx.reading, 0);
    app_close(s->app);
    mem_free(s->app);
    term_close(s->term);
    fixture_close(&s->fx);
}

static void press_key(struct sitting *s, uint32_t key)
{
    struct term_event event = {.kind = TERM_EVENT_KEY, .key = key};
    app_key(s->app, &event);
    app_refresh(s->app);
    app_draw(s->app);
}

/* Keys as scripts write them: "x y", "<Enter>", "5k". */
static void press(struct sitting *s, const char *keys)
{
    while (*keys) {
        uint32_t key;
        size_t n = *keys == ' ' ? 1 : term_key_parse(keys, &key);
        assert_true(n > 0);
        if (*keys != ' ')
            press_key(s, key);
        keys += n;
    }
}

static void type(struct sitting *s, const char *text)
{
    for (; *text; text++)
        press_key(s, (unsigned char)*text);
}

static void command(struct sitting *s, const char *line)
{
    press(s, ":");
    type(s, line);
    press(s, "<Enter>");
}

static void assert_shows(struct sitting *s, const char *words)
{
    struct text dump = {0};
    frame_dump(&s->app->frame, false, &dump);
    if (!strstr(text_get(&dump), words)) {
        print_error("%s", text_get(&dump));
        fail_msg("'%s' is not on the screen", words);
    }
    text_free(&dump);
}

static const struct request *last_request(const struct sitting *s)
{
    assert_true(s->fx.n_asked > 0);
    return &s->fx.asked[s->fx.n_asked - 1];
}

/* ---- steering ---------------------------------------------------------------------------- */

static void test_prune_asks_and_the_answer_is_no(void **state)
{
    static const char *const refusals[] = {"<Enter>", "<Esc>", "n", "N", "j", "q", "x"};
    struct sitting s;
    (void)state;
    begin(&s);
    command(&s, "5");
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        press(&s, "x");
        assert_shows(&s, "prune #5?  31 of 50 epochs, 12 s of training, would be lost");
        press(&s, refusals[i]);
        assert_int_equal(s.fx.n_asked, 0);
        assert_int_equal(s.app->mode, MODE_KEYS);
    }
    press(&s, "x y");
    assert_int_equal(s.fx.n_asked, 1);
    assert_int_equal(last_request(&s)->kind, REQUEST_PRUNE);
    assert_int_equal(last_request(&s)->trial, 5);
    press(&s, "x F"); /* keeps its value instead */
    assert_int_equal(last_request(&s)->kind, REQUEST_FINISH);
    end(&s);
}

static void test_pasted_text_never_steers(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    command(&s, "5");
    press(&s, "x");
    struct term_event paste = {.kind = TERM_EVENT_KEY, .key = 'y', .pasted = true};
    app_key(s.app, &paste);
    assert_int_equal(s.app->mode, MODE_CONFIRM);
    press(&s, "<Esc>");
    paste.key = 'p';
    app_key(s.app, &paste);
    assert_int_equal(s.fx.n_asked, 0);
    end(&s);
}

static void test_what_cannot_be_done_says_why(void **state)
{
    static const struct {
        const char *command, *sentence;
    } cases[] = {
        {"prune 1", "this trial has ended"},
        {"prune 99", "there is no trial #99; they go from #0 to #7"},
        {"prune x", "'x' is no number of a trial"},
        {"finish 1", "only a running trial"},
        {"extend 3 5", "a waiting or failed trial"},
        {"extend 1 -5", "how many epochs"},
        {"withdraw 1", "only a waiting seed"},
        {"seed learning_rat=0.1", "learning_rate"},
        {"seed learning_rate=7", "0.0001"},
        {"seed optimizer=adm", "adam"},
        {"seed filters=8", "filters has no part in this without another network"},
        {"seed optimizer=adam momentum=0.5", "momentum has no part in this without another opti"},
        {"seed kernel_size=4 network=conv", "'4' is not possible"},
        {"seed init=random", "is for a network that starts with weights"},
        {"budget", ":budget N"},
        {"workers 0", "from 1 to 1024"},
        {"ban unit 1 2", "units"},
        {"ban units 300 100", ":ban units LOW HIGH (within 8 to 1024)"},
        {"ban units 100 300 x", ":ban units LOW HIGH"},
        {"ban units", ":ban units off"},
        {"ban optimizer sgdd", "optimizer has no choice 'sgdd'"},
        {"sort val_eror", "did you mean val_error"},
        {"prun 5", "did you mean :prune?"},
        {"theme no-such-theme", "no-such-theme"},
        {"layout 9", "layouts"},
        {"set smothing 1", "did you mean smoothing"},
        {"save-screen /no/such/folder/x", "/no/such/folder"},
    };
    struct sitting s;
    (void)state;
    begin(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        command(&s, cases[i].command);
        assert_shows(&s, cases[i].sentence);
        assert_true(s.app->message_stays);
        assert_int_equal(s.fx.n_asked, 0);
    }
    press(&s, "j"); /* an error stays until a key */
    assert_int_equal(s.app->message[0], 0);
    s.fx.refuse = true; /* the engine has the last word */
    press(&s, "p");
    assert_shows(&s, "the engine is not ready; wait a little");
    end(&s);
}

static void test_read_only_and_closed_studies(void **state)
{
    static const char keys[] = "pxFaecr";
    struct sitting s;
    (void)state;
    begin(&s);
    s.app->options.read_only = true;
    for (const char *k = keys; *k; k++) {
        press_key(&s, (unsigned char)*k);
        assert_shows(&s, "read-only: steering is off");
        press(&s, "<Esc>");
    }
    assert_int_equal(s.fx.n_asked, 0);
    end(&s);
    begin_with(&s, 24, 80, true, false);
    press(&s, "p");
    assert_shows(&s, "nothing trains here");
    press(&s, "Q"); /* nothing to lose: no question */
    assert_true(s.app->leave);
    end(&s);
}

static void test_pause_all_and_marked(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    press(&s, "p");
    assert_int_equal(last_request(&s)->kind, REQUEST_PAUSE_ALL);
    assert_shows(&s, "‖ 2/2");
    press(&s, "p");
    assert_int_equal(last_request(&s)->kind, REQUEST_RESUME_ALL);
    s.fx.n_asked = 0;
    command(&s, "mark 5");
    command(&s, "mark 6");
    press(&s, "p");
    assert_int_equal(s.fx.n_asked, 2);
    assert_int_equal(s.fx.asked[0].kind, REQUEST_PAUSE);
    assert_int_equal(s.fx.asked[0].trial, 5);
    assert_int_equal(s.fx.asked[1].trial, 6);
    assert_int_equal(s.app->list.n_marked, 0);
    command(&s, "pause 5");
    assert_int_equal(last_request(&s)->kind, REQUEST_PAUSE);
    end(&s);
}

static void test_seed_form_is_checked_while_typed(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    press(&s, "a"); /* nothing chosen: begins with the best */
    assert_int_equal(s.app->mode, MODE_FORM);
    assert_shows(&s, "beginning with the best, #1");
    assert_shows(&s, "it runs again with another rng_seed");
    press(&s, "<C-u>");
    type(&s, "7");
    assert_shows(&s, "give a number from 0.0001 to 0.1");
    press(&s, "<Enter>"); /* refused */
    assert_int_equal(s.app->mode, MODE_FORM);
    press(&s, "<BS>");
    type(&s, "0.004");
    assert_shows(&s, "not tried yet");
    press(&s, "<Enter>");
    assert_int_equal(s.app->mode, MODE_KEYS);
    const struct request *r = last_request(&s);
    const struct space *space = &s.fx.space;
    assert_int_equal(r->kind, REQUEST_SEED);
    assert_true(r->config.value[space_find(space, "learning_rate")] == 0.004);
    assert_true(r->config.value[space_find(space, "units")] == 256);
    assert_false(r->config.set >> space_find(space, "momentum") & 1); /* not under adam */
    s.fx.n_asked = 0;
    press(&s, "a <Esc>");
    assert_int_equal(s.fx.n_asked, 0);
    command(&s, "0"); /* a person went to #0: the form begins there */
    press(&s, "a");
    assert_shows(&s, "beginning with #0");
    press(&s, "<Esc>");
    command(&s, "seed learning_rate=0.003 units=128");
    assert_true(last_request(&s)->config.value[space_find(space, "units")] == 128);
    end(&s);
}

static bool is_set(const struct configuration *c, const struct space *space, const char *name)
{
    return (c->set >> space_find(space, name) & 1) != 0;
}

/* Below what is searched stands what is held; it enters a seed only where it was changed. */
static void test_seed_form_has_what_is_held(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    const struct space *space = &s.fx.space;
    press(&s, "a");
    assert_shows(&s, "held: the search leaves these as they are");
    assert_shows(&s, " below");
    press(&s, "<Enter>"); /* as it is */
    for (int i = 0; i < space->n; i++)
        assert_false(space->h[i].held && (last_request(&s)->config.set >> i & 1));
    press(&s, "a <PgDn>"); /* what is inactive is stepped over */
    assert_string_equal(s.app->form.field[s.app->form.current].label, "network");
    press(&s, "<Right> <Tab> <Tab> <C-u> 4 0"); /* conv; its fields take part now */
    assert_string_equal(s.app->form.field[s.app->form.current].label, "filters");
    press(&s, "<PgDn> <PgDn>");
    assert_shows(&s, " above");
    assert_string_equal(s.app->form.field[s.app->form.current].label, "shift");
    press(&s, "<C-u> 2 <Enter>");
    assert_int_equal(s.app->mode, MODE_KEYS);
    const struct configuration *c = &last_request(&s)->config;
    assert_true(is_set(c, space, "network") && is_set(c, space, "filters"));
    assert_true(is_set(c, space, "shift") && is_set(c, space, "learning_rate"));
    assert_false(is_set(c, space, "conv_layers") || is_set(c, space, "warmup_epochs"));
    assert_true(c->value[space_find(space, "filters")] == 40);
    command(&s, "seed network=conv filters=12");
    c = &last_request(&s)->config;
    assert_true(is_set(c, space, "network") && is_set(c, space, "filters"));
    assert_false(is_set(c, space, "units")); /* is drawn */
    end(&s);
}

static void test_held_values_are_columns_where_set(void **state)
{
    struct sitting s;
    (void)state;
    begin_with(&s, 40, 200, true, true);
    press(&s, "2");
    int column = list_column_find(&s.app->view, "warmup_epochs");
    assert_false(list_column_shows(&s.app->view, column));
    assert_true(list_column_shows(&s.app->view, list_column_find(&s.app->view, "momentum")));
    for (int i = 0; i < 30; i++) { /* all columns in turn; this is none of them */
        press(&s, ">");
        assert_int_not_equal(s.app->list.sort_column, column);
    }
    int64_t t = fixture_start(
        &s.fx, &(struct fixture_trial){.who = "you", .values = "warmup_epochs=2.5 units=77"});
    app_refresh(s.app);
    assert_true(list_column_shows(&s.app->view, column));
    assert_false(list_column_shows(&s.app->view, list_column_find(&s.app->view, "shift")));
    s.app->table_skip = 12;
    app_draw(s.app);
    assert_shows(&s, "warmup_epochs");
    char say[24];
    text_format(say, sizeof say, "%lld", (long long)t);
    command(&s, say);
    assert_shows(&s, "warmup_epochs   2.5"); /* the detail */
    press(&s, "y");
    assert_shows(&s, "warmup_epochs=2.5"); /* the command */
    end(&s);
}

static void test_extend_clone_again_budget(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    press(&s, "e");
    assert_shows(&s, "50 epochs more"); /* the preview */
    type(&s, "20");
    assert_shows(&s, "20 epochs more");
    press(&s, "<Enter>");
    assert_int_equal(last_request(&s)->kind, REQUEST_EXTEND);
    assert_int_equal(last_request(&s)->trial, 1);
    assert_int_equal(last_request(&s)->amount, 20);
    command(&s, "extend 4 10");
    assert_int_equal(last_request(&s)->trial, 4);
    press(&s, "r");
    assert_int_equal(last_request(&s)->kind, REQUEST_SEED);
    assert_string_equal(last_request(&s)->note, "again #1");
    command(&s, "budget +100");
    assert_int_equal(last_request(&s)->kind, REQUEST_BUDGET);
    assert_true(last_request(&s)->add);
    command(&s, "ban units 100 300");
    assert_int_equal(last_request(&s)->kind, REQUEST_BAN);
    assert_true(last_request(&s)->ban.low == 100 && last_request(&s)->ban.high == 300);
    command(&s, "ban optimizer adam sgd");
    assert_int_equal(last_request(&s)->ban.choices, 3);
    command(&s, "ban optimizer off");
    assert_true(last_request(&s)->ban.lift);
    command(&s, "ban");
    assert_shows(&s, "nothing is banned");
    press(&s, "R");
    assert_int_equal(s.app->mode, MODE_COMMAND);
    assert_string_equal(s.app->edit.text, "ban ");
    press(&s, "<Esc>");
    command(&s, "workers 3");
    assert_int_equal(last_request(&s)->amount, 3);
    command(&s, "withdraw 7");
    assert_int_equal(last_request(&s)->kind, REQUEST_WITHDRAW);
    command(&s, "prune 7"); /* a seed that waits has nothing to lose: no question */
    assert_int_equal(last_request(&s)->kind, REQUEST_WITHDRAW);
    command(&s, "stop");
    assert_int_equal(s.app->mode, MODE_CONFIRM);
    press(&s, "y");
    assert_int_equal(last_request(&s)->kind, REQUEST_STOP);
    assert_false(s.app->leave);
    end(&s);
}

static void test_quit_asks_while_work_runs(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    press(&s, "Q");
    assert_shows(&s, "2 running trials");
    assert_shows(&s, "tiller resume");
    press(&s, "<Enter>");
    assert_false(s.app->leave);
    command(&s, "q");
    press(&s, "y");
    assert_true(s.app->leave);
    assert_int_equal(s.app->end, TUI_END_QUIT);
    assert_int_equal(last_request(&s)->kind, REQUEST_QUIT);
    end(&s);
    begin(&s);
    s.fx.status.finished = true;
    app_refresh(s.app);
    app_draw(s.app);
    assert_shows(&s, "finished: best 0.0392 by #1");
    press(&s, "Q");
    assert_true(s.app->leave);
    assert_int_equal(s.app->end, TUI_END_STOPPED);
    end(&s);
}

/* ---- looking ----------------------------------------------------------------------------- */

static void test_same_digits_everywhere(void **state)
{
    static const enum screen_id ids[] = {SCREEN_OVERVIEW, SCREEN_TRIALS, SCREEN_CURVES,
                                         SCREEN_QTABLE, SCREEN_LOG};
    struct sitting s;
    (void)state;
    begin(&s);
    for (uint32_t from = 0; from < 5; from++)
        for (uint32_t to = 0; to < 5; to++) {
            press_key(&s, '1' + from);
            press_key(&s, '1' + to);
            assert_int_equal(s.app->screen, ids[to]);
        }
    press(&s, "?");
    assert_int_equal(s.app->screen, SCREEN_HELP);
    press(&s, "q");
    assert_int_equal(s.app->screen, SCREEN_LOG);
    press(&s, "q");
    assert_int_equal(s.app->screen, SCREEN_OVERVIEW);
    press(&s, "6j"); /* a count begins with a digit that is no screen */
    assert_int_equal(s.app->screen, SCREEN_OVERVIEW);
    assert_int_equal(list_cursor(&s.app->list), 6);
    end(&s);
}

/* Epochs of confirmations are beside the budget, and not counted against it. */
static void test_header_counts_what_the_budget_counts(void **state)
{
    struct sitting s;
    char spent[64];
    (void)state;
    begin(&s);
    long long epochs = (long long)s.fx.study->epochs_spent;
    s.fx.status.epochs_beside = 10;
    app_refresh(s.app);
    press(&s, "<C-l>");
    assert_shows(&s, text_format(spent, sizeof spent, "%lld/2,000 ep ", epochs - 10));
    end(&s);
}

/* The first of two rows lies over what the screen has there. */
static void test_a_long_message_is_whole_on_every_screen(void **state)
{
    static const char *const keys[] = {"1", "2", "3", "4", "5", "7", "8", "?"};
    struct sitting s;
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        begin(&s);
        press(&s, keys[i]);
        app_say(s.app, PAINT_TEXT, "%s",
                "a message of more than one line, as the ended search has, which lies over the "
                "screen's last row");
        app_draw(s.app);
        assert_shows(&s,
                     " a message of more than one line, as the ended search has, which lies over "
                     "the\n screen's last row\n");
        end(&s);
    }
}

static void test_filter_follows_and_escape_restores(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    press(&s, "2 /");
    type(&s, "done");
    assert_int_equal(s.app->list.n, 3);
    type(&s, " you");
    assert_int_equal(s.app->list.n, 1);
    press(&s, "<Esc>");
    assert_int_equal(s.app->list.n, 8);
    press(&s, "/");
    type(&s, "jj"); /* typing never moves the cursor */
    assert_int_equal(s.app->list.selected, 1);
    press(&s, "<Enter>");
    assert_shows(&s, "no trial fits; Esc clears the filter");
    press(&s, "x"); /* there is nothing to act on */
    assert_shows(&s, "no trial is selected");
    press(&s, "<Esc>");
    assert_int_equal(s.app->list.n, 8);
    end(&s);
}

static void test_frozen_picture_and_redrawing(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    s.app->dirty = false;
    app_refresh(s.app); /* nothing happened: nothing to draw */
    assert_false(s.app->dirty);
    s.fx.status.seconds_left = 50;
    s.fx.status.epochs_per_second = 32;
    app_refresh(s.app); /* a clock alone is no news */
    assert_false(s.app->dirty);
    fixture_epochs(&s.fx, 6, 5, 5, 0.16);
    app_refresh(s.app);
    assert_true(s.app->dirty);
    press(&s, "z");
    fixture_epochs(&s.fx, 6, 6, 9, 0.16);
    app_refresh(s.app);
    assert_int_equal(view_row(&s.app->view, 6)->epochs, 5);
    assert_shows(&s, "picture held");
    press(&s, "z");
    assert_int_equal(view_row(&s.app->view, 6)->epochs, 9);
    end(&s);
}

static enum paint paint_of(struct sitting *s, const char *word, int from_row)
{
    const struct frame *f = &s->app->frame;
    for (int row = from_row; row < f->rows; row++)
        for (int col = 0; col + (int)strlen(word) <= f->cols; col++) {
            const struct cell *c = f->cells + (size_t)row * (size_t)f->cols + (size_t)col;
            size_t i = 0;
            while (word[i] && c[i].code == (unsigned char)word[i])
                i++;
            if (!word[i])
                return (enum paint)c[0].paint;
        }
    fail_msg("'%s' is not on the screen", word);
    return PAINT_TEXT;
}

static void test_keys_that_do_nothing_are_dim(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s); /* the best is selected: it has ended */
    assert_int_equal(paint_of(&s, "prune", 23), PAINT_DIM);
    assert_int_equal(paint_of(&s, "seed", 23), PAINT_TEXT);
    press(&s, "x");
    assert_shows(&s, "this trial has ended");
    command(&s, "5");
    press(&s, "<Esc>");
    press(&s, "G g"); /* message away */
    command(&s, "5");
    assert_int_equal(paint_of(&s, "prune", 23), PAINT_TEXT);
    end(&s);
}

static void test_a_trial_keeps_its_colour(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    enum paint before = paint_of(&s, "f #5", 0);
    assert_int_equal(before, series_paint(5));
    fixture_end(&s.fx, 5, TRIAL_COMPLETE);
    command(&s, "5");
    press(&s, "3");
    assert_int_equal(paint_of(&s, "f #5", 0), before);
    end(&s);
}

static void test_read_out_moves_over_stored_values(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    command(&s, "5");
    press(&s, "3 i");
    assert_shows(&s, "epoch 31");
    press(&s, "h h");
    assert_shows(&s, "epoch 29");
    press(&s, "l");
    assert_shows(&s, "epoch 30");
    end(&s);
}

static void test_completion_and_menu(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    press(&s, ":");
    type(&s, "ext");
    press(&s, "<Tab>");
    assert_string_equal(s.app->edit.text, "extend");
    press(&s, "<Esc> :");
    type(&s, "seed optim");
    press(&s, "<Tab>");
    type(&s, "s");
    press(&s, "<Tab>");
    assert_string_equal(s.app->edit.text, "seed optimizer=sgd");
    press(&s, "<Esc> o");
    assert_int_equal(s.app->mode, MODE_MENU);
    press(&s, "k k k <Enter>"); /* from val_error up to # */
    assert_int_equal(s.app->list.sort_column, COLUMN_ID);
    press(&s, "<C-p>");
    type(&s, "log-axis");
    press(&s, "<Enter>");
    assert_false(s.app->curves.log_y);
    press(&s, "<C-p>");
    type(&s, "how many worker");
    press(&s, "<Enter>"); /* what needs words goes to the command line */
    assert_int_equal(s.app->mode, MODE_COMMAND);
    assert_string_equal(s.app->edit.text, "workers ");
    end(&s);
}

static void test_columns_are_taken_out(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    assert_shows(&s, "learning_rate batch");
    command(&s, "columns learning_rate");
    assert_shows(&s, "by        batch"); /* the others move up */
    press(&s, "C <Enter> <Esc>");        /* state is the first of the menu */
    assert_true(s.app->column_off[COLUMN_STATE]);
    command(&s, "columns val_error");
    assert_shows(&s, "val_error always stays");
    end(&s);
}

static void test_log_stays_with_what_is_read(void **state)
{
    struct sitting s;
    (void)state;
    begin_with(&s, 10, 60, true, true);
    press(&s, "5 k k k");
    const struct view_line *before = log_line(s.app, s.app->log_up);
    char say[240];
    text_copy(say, sizeof say, before->say);
    fixture_event(&s.fx, "you", "budget", -1, "100 more", NULL);
    app_refresh(s.app);
    app_draw(s.app);
    assert_string_equal(log_line(s.app, s.app->log_up)->say, say);
    press(&s, "G");
    assert_string_equal(log_line(s.app, s.app->log_up)->say, "100 more");
    end(&s);
}

/* ---- every size, no memory, signals ------------------------------------------------------ */

static void test_every_size(void **state)
{
    static const char *const states[] = {"1", "2", "2 w", "3", "4",     "5", "?", "2 /",
                                         ":", "e", "a",   "o", "<C-p>", "Q", "w", "i"};
    (void)state;
    for (size_t k = 0; k < sizeof states / sizeof *states; k++) {
        struct sitting s;
        begin(&s);
        press(&s, states[k]);
        for (int rows = 1; rows <= 50; rows += rows < 12 ? 1 : 7)
            for (int cols = 1; cols <= 200; cols += cols < 45 ? 3 : 17) {
                assert_true(frame_resize(&s.app->frame, rows, cols));
                app_draw(s.app);
                if (cols >= 40)
                    assert_true(s.app->frame.cells[1].code != 0);
            }
        end(&s);
    }
}

static void test_empty_study(void **state)
{
    struct sitting s;
    (void)state;
    begin_with(&s, 24, 80, false, true);
    assert_shows(&s, "no trial yet");
    press(&s, "x");
    assert_shows(&s, "no trial is listed");
    press(&s, "2 3 4");
    assert_shows(&s, "Nothing learnt yet");
    press(&s, "5");
    assert_shows(&s, "nothing has happened yet");
    press(&s, "j k G g l h <Space>");
    end(&s);
}

static void test_text_of_files_is_harmless(void **state)
{
    struct sitting s;
    (void)state;
    begin_with(&s, 24, 80, false, true);
    fixture_start(&s.fx,
                  &(struct fixture_trial){.who = "\033[31mevil", .reason = "a\033]0;b\007c"});
    app_refresh(s.app);
    for (uint32_t key = '1'; key <= '5'; key++) {
        press_key(&s, key);
        for (int i = 0; i < s.app->frame.rows * s.app->frame.cols; i++)
            assert_true(s.app->frame.cells[i].code == 0 || s.app->frame.cells[i].code >= ' ');
    }
    end(&s);
}

static void test_memory_runs_out(void **state)
{
    bool done = false;
    (void)state;
    for (long k = 0; !done && k < 400; k++) {
        struct sitting s;
        begin_with(&s, 40, 120, false, true);
        fixture_fill(&s.fx);
        unsigned long before = mem_alloc_count();
        mem_fail_after(k);
        app_refresh(s.app);
        app_draw(s.app);
        done = mem_alloc_count() - before < (unsigned long)k;
        mem_fail_after(-1);
        press(&s, "1"); /* the next reading catches up */
        assert_int_equal(s.app->view.n_rows, 8);
        assert_shows(&s, "best 0.0392 #1");
        end(&s);
    }
    assert_true(done);
}

/* Keys of the Q-table are requests about the cell under the cursor; refusals are shown. */
static void test_words_about_the_table(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    press(&s, "4 =");
    assert_int_equal(s.fx.n_asked, 1);
    assert_int_equal(s.fx.asked[0].kind, REQUEST_Q_PIN);
    assert_int_equal(s.fx.asked[0].amount, 1);
    assert_int_equal(s.fx.asked[0].move, MOVE_LOCAL);
    press(&s, "l E");
    assert_shows(&s, ":q-edit 0.412"); /* what is there */
    press(&s, "<Esc>");
    command(&s, "q-edit 0.75");
    assert_int_equal(s.fx.n_asked, 2);
    assert_int_equal(s.fx.asked[1].kind, REQUEST_Q_EDIT);
    assert_true(s.fx.asked[1].value == 0.75 && s.fx.asked[1].move == MOVE_LR_DOWN);
    assert_int_equal(s.fx.asked[1].situation, situation_find("0-2 gaining improves"));
    press(&s, "L");
    assert_int_equal(s.fx.asked[2].kind, REQUEST_Q_FREEZE);
    command(&s, "next-move random");
    assert_int_equal(s.fx.asked[3].kind, REQUEST_NEXT_ACTION);
    assert_int_equal(s.fx.asked[3].move, MOVE_RANDOM);
    press(&s, "<Enter>");
    assert_shows(&s, "the next move");
    press(&s, "<Esc>");
    assert_int_equal(s.fx.n_asked, 4);
    static const char *const wrong[][2] = {{"q-edit much", "is no value"},
                                           {"q-edit 1e9", "is no value"},
                                           {"q-freeze maybe", "on or off"},
                                           {"next-move randm", "did you mean random"},
                                           {"next-move zzzzzzzz", "no move"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        command(&s, wrong[i][0]);
        assert_shows(&s, wrong[i][1]);
    }
    assert_int_equal(s.fx.n_asked, 4);
    s.fx.refuse = true;
    press(&s, "=");
    assert_false(s.app->message_paint == PAINT_TEXT);
    end(&s);
}

/* What the log says of the table is what is shown. */
static void test_pins_and_edits_are_shown(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    fixture_foldf(&s.fx,
                  "{\"op_code\":2,\"worker_id\":\"w\",\"study_id\":0,\"user_attr\":{\"event\":"
                  "{\"seq\":90,\"time\":1,\"who\":\"you\",\"what\":\"q_edit\",\"trial\":-1,"
                  "\"situation\":\"0-2 gaining improves\",\"action\":\"lr*\",\"new_q\":0.9,"
                  "\"visits\":20}}}");
    fixture_foldf(&s.fx,
                  "{\"op_code\":2,\"worker_id\":\"w\",\"study_id\":0,\"user_attr\":{\"event\":"
                  "{\"seq\":91,\"time\":1,\"who\":\"you\",\"what\":\"q_pin\",\"trial\":-1,"
                  "\"situation\":\"0-2 gaining improves\",\"action\":\"lr*\",\"on\":true}}}");
    fixture_foldf(&s.fx,
                  "{\"op_code\":2,\"worker_id\":\"w\",\"study_id\":0,\"user_attr\":{\"event\":"
                  "{\"seq\":92,\"time\":1,\"who\":\"you\",\"what\":\"q_freeze\",\"trial\":-1,"
                  "\"on\":true}}}");
    press(&s, "4 l l");
    assert_shows(&s, ".90=");
    assert_shows(&s, "pinned by you");
    assert_shows(&s, "learning frozen by you");
    assert_shows(&s, "<- 0.900 by you");
    end(&s);
}

static void test_race_keys(void **state)
{
    struct sitting s;
    (void)state;
    begin(&s);
    press(&s, "8");
    assert_shows(&s, "this study");
    command(&s, "race-at 50");
    assert_shows(&s, "epoch 50 of");
    press(&s, "l");
    assert_false(s.app->race.follows);
    press(&s, ">");
    assert_true(s.app->race.follows);
    press(&s, "+ - L <Space> <lt> j k g G <Enter>");
    command(&s, "race-at many");
    assert_shows(&s, ":race-at EPOCHS");
    command(&s, "race /nowhere/a.study.jsonl methods=flying");
    assert_non_null(s.app->race.race); /* the log's lane says what is wrong */
    command(&s, "race table methods=flying");
    assert_shows(&s, "there is no method 'flying'");
    end(&s);
}

static void test_signal_ends_the_loop(void **state)
{
    struct sitting s;
    volatile const int caught = 15;
    (void)state;
    begin(&s);
    s.app->options.signal = &caught;
    assert_int_equal(app_run(s.app, NULL), TUI_END_SIGNAL);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prune_asks_and_the_answer_is_no),
        cmocka_unit_test(test_pasted_text_never_steers),
        cmocka_unit_test(test_what_cannot_be_done_says_why),
        cmocka_unit_test(test_read_only_and_closed_studies),
        cmocka_unit_test(test_pause_all_and_marked),
        cmocka_unit_test(test_seed_form_is_checked_while_typed),
        cmocka_unit_test(test_seed_form_has_what_is_held),
        cmocka_unit_test(test_held_values_are_columns_where_set),
        cmocka_unit_test(test_extend_clone_again_budget),
        cmocka_unit_test(test_quit_asks_while_work_runs),
        cmocka_unit_test(test_same_digits_everywhere),
        cmocka_unit_test(test_header_counts_what_the_budget_counts),
        cmocka_unit_test(test_a_long_message_is_whole_on_every_screen),
        cmocka_unit_test(test_filter_follows_and_escape_restores),
        cmocka_unit_test(test_frozen_picture_and_redrawing),
        cmocka_unit_test(test_keys_that_do_nothing_are_dim),
        cmocka_unit_test(test_a_trial_keeps_its_colour),
        cmocka_unit_test(test_read_out_moves_over_stored_values),
        cmocka_unit_test(test_completion_and_menu),
        cmocka_unit_test(test_columns_are_taken_out),
        cmocka_unit_test(test_log_stays_with_what_is_read),
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_empty_study),
        cmocka_unit_test(test_text_of_files_is_harmless),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_words_about_the_table),
        cmocka_unit_test(test_pins_and_edits_are_shown),
        cmocka_unit_test(test_race_keys),
        cmocka_unit_test(test_signal_ends_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
