/* base: the ground floor: errors, memory, text, random numbers, clock, JSON, whole files.
 *
 * Knows nothing of the other rooms. All functions may be called from any thread unless they say
 * otherwise; none of them prints, exits or reads the environment. */
#ifndef TILLER_BASE_H
#define TILLER_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TILLER_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define TILLER_PRINTF(fmt, args)
#endif

/* ---- errors: values that say where, what and what to do ---------------------------------- */

#define ERR_LIST(X)                                                                                \
    X(ERR_OK, "no error")                                                                          \
    X(ERR_USAGE, "wrong option or argument")                                                       \
    X(ERR_INPUT, "a file's content is not what it should be")                                      \
    X(ERR_IO, "reading or writing failed")                                                         \
    X(ERR_MEMORY, "out of memory")                                                                 \
    X(ERR_RANGE, "a value is out of range")                                                        \
    X(ERR_BUSY, "somebody else is using it")                                                       \
    X(ERR_STATE, "not possible now")                                                               \
    X(ERR_INTERRUPTED, "interrupted")

enum err {
#define X(name, sentence) name,
    ERR_LIST(X)
#undef X
};

/* Filled at the point of failure, carried up unchanged; printed as one line
 * "WHERE: DETAIL; HINT". Text is sanitised (err_set does it), so it may go to a terminal. */
struct err_info {
    enum err code;
    char where[256];  /* file, file:line:column, or option */
    char detail[320]; /* what is wrong */
    char hint[256];   /* what to do; may be empty */
};

/* err_set: fill info (NULL is allowed) and return code, so that `return err_set(...)` works.
 *   where  file[:line[:column]] or option; hint  what to do, NULL for none */
enum err err_set(struct err_info *info, enum err code, const char *where, const char *hint,
                 const char *fmt, ...) TILLER_PRINTF(5, 6);
/* As err_set with ": strerror(errno)" behind the text. */
enum err err_set_errno(struct err_info *info, enum err code, const char *where, const char *hint,
                       const char *fmt, ...) TILLER_PRINTF(5, 6);
enum err err_set_memory(struct err_info *info, const char *where);
/* err_hint: what to do about bad input, where the one who found it could not know it. A hint that
 * is there stays. NULL info: nothing. */
void err_hint(struct err_info *info, const char *hint);
const char *err_sentence(enum err code);
/* err_format: "WHERE: DETAIL; HINT" into out (always terminated). Returns out. */
const char *err_format(const struct err_info *info, char *out, size_t out_size);

/* ---- memory: every allocation of the program goes through here --------------------------- */

/* n * size bytes, checked for overflow; NULL when it can't be had. n or size 0 gives one byte.
 * mem_zero_alloc clears. mem_aligned_alloc: 64-byte aligned. All are freed with mem_free. */
void *mem_alloc(size_t n, size_t size);
void *mem_zero_alloc(size_t n, size_t size);
void *mem_aligned_alloc(size_t n, size_t size);
void *mem_resize(void *p, size_t n, size_t size); /* not for aligned blocks */
char *mem_dup_text(const char *text);
char *mem_dup_text_n(const char *text, size_t n);
void mem_free(void *p); /* NULL is allowed */

/* mem_grow: make room for one more element: doubles *capacity when n == *capacity.
 * Returns false (array untouched) when out of memory. Use: mem_grow((void **)&a, &cap, n, sizeof
 * *a) */
bool mem_grow(void **array, size_t *capacity, size_t n, size_t size);

/* For tests: the next `after` allocations work, then one fails (once). Negative: never. */
void mem_fail_after(long after);
/* Number of allocations made so far by the process; a training step must not change it. */
unsigned long mem_alloc_count(void);

/* ---- text: growable strings, strict number parsing, safe output -------------------------- */

/* A growable string, always terminated. Zero-initialise; text_free at the end. When memory runs
 * out, `failed` is set, further appends do nothing and the content stays valid. */
struct text {
    char *data; /* NULL until something was appended; text_get gives "" then */
    size_t length, capacity;
    bool failed;
};
void text_append(struct text *t, const char *s);
void text_append_n(struct text *t, const char *s, size_t n);
void text_append_char(struct text *t, char c);
void text_appendf(struct text *t, const char *fmt, ...) TILLER_PRINTF(2, 3);
const char *text_get(const struct text *t);
void text_clear(struct text *t);
void text_free(struct text *t);

/* text_copy: bounded copy, always terminated; returns false if it was cut (never inside a UTF-8
 * character). */
bool text_copy(char *out, size_t out_size, const char *s);
/* text_format: snprintf that is always terminated; returns out. Numbers use the C locale because
 * the program never sets LC_NUMERIC to anything else (main.c). */
const char *text_format(char *out, size_t out_size, const char *fmt, ...) TILLER_PRINTF(3, 4);
/* text_sanitize: copy s with control characters, invalid UTF-8 and bidi overrides replaced by '?'
 * so that nothing from a file reaches the terminal raw. Always terminated; returns out. */
const char *text_sanitize(char *out, size_t out_size, const char *s);
/* Decimal number, whole string, C locale; no hex, no inf, no nan, optional sign and exponent. */
bool text_parse_double(const char *s, double *out);
bool text_parse_double_n(const char *s, size_t n, double *out);
bool text_parse_int(const char *s, int64_t *out);
/* Shortest decimal form that reads back to the same double ("0.001", "1e-05", "4.0" stays "4.0"
 * only if with_point); NaN, Infinity, -Infinity as those words. At least 32 bytes. Returns out. */
const char *text_double(char *out, size_t out_size, double value, bool with_point);
/* For people: `digits` significant digits, plain notation where it fits ("0.0391", "1.2e-05"),
 * "–" for NaN. */
const char *text_human(char *out, size_t out_size, double value, int digits);
/* Seconds as "12 s", "3 min 20 s", "2 h 05 min". */
const char *text_duration(char *out, size_t out_size, double seconds);
/* Bytes as "12 kB", "3.4 MB". Counts with thousands separators: "8,000". */
const char *text_bytes(char *out, size_t out_size, double bytes);
const char *text_count(char *out, size_t out_size, int64_t n);
/* The same with what is counted: "1 epoch", "8,000 epochs", "0 epochs". Returns out. */
const char *text_counted(char *out, size_t out_size, int64_t n, const char *noun);
/* Edit distance (Damerau-Levenshtein, case-insensitive), and the nearest of n names; NULL if none
 * is near enough to suggest (distance > max(2, length/3)). */
int text_distance(const char *a, const char *b);
const char *text_nearest(const char *word, const char *const *names, size_t n);
/* One UTF-8 character: returns its length in bytes (1..4) and *code; invalid byte: 1 and 0xFFFD;
 * at the end 0. */
int text_utf8_next(const char *s, uint32_t *code);
int text_utf8_put(uint32_t code, char out[static 5]); /* terminated; returns bytes */

/* ---- random numbers: xoshiro256**, seeded by splitmix64 ---------------------------------- */

/* State is plain data: it may be copied and stored in a checkpoint. One owner at a time. */
struct rng {
    uint64_t s[4];
};
/* Independent stream for (seed, stream), e.g. (study rng_seed, trial number). */
void rng_seed(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *r);
double rng_uniform(struct rng *r);                     /* [0, 1) */
double rng_normal(struct rng *r);                      /* mean 0, variance 1; keeps no spare */
uint64_t rng_below(struct rng *r, uint64_t n);         /* 0..n-1 without bias; n > 0 */
void rng_shuffle(struct rng *r, int32_t *a, size_t n); /* Fisher-Yates */

/* 64-bit FNV-1a style hash for fingerprints (not for security): start with HASH_START. */
#define HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n);

/* ---- clock ------------------------------------------------------------------------------- */

double clock_now_s(void);  /* monotonic */
double clock_wall_s(void); /* since 1970 */
/* "YYYY-MM-DDTHH:MM:SS.ffffff", local time without zone, or UTC with "+00:00" (Optuna 5's form). */
const char *clock_iso(char out[static 40], double wall_s, bool utc);
/* Tests and golden screens: both clocks stand at this time from now on; negative: run again. */
void clock_fix(double wall_s);

/* ---- whole files ------------------------------------------------------------------------- */

/* file_read: the whole file, plain or gzip (told by its content), at most max_bytes unpacked;
 * *out is terminated by a NUL that is not counted. Owner: caller, mem_free. A truncated or broken
 * gzip stream is ERR_INPUT naming the file. */
enum err file_read(const char *path, size_t max_bytes, char **out, size_t *out_size,
                   struct err_info *info);
/* file_write_atomic: temporary file beside path, write, fsync, rename, fsync of the folder. On
 * error the old file is untouched. */
enum err file_write_atomic(const char *path, const void *bytes, size_t n, struct err_info *info);
/* The same packed by gzip, without name or time: equal bytes give equal files. */
enum err file_write_gzip(const char *path, const void *bytes, size_t n, struct err_info *info);
bool file_exists(const char *path);
bool file_is_folder(const char *path);
/* file_make_folder: mkdir -p with mode 0777 & ~umask. */
enum err file_make_folder(const char *path, struct err_info *info);
/* file_check_place: whether file_write_atomic could make or replace path, known before long work.
 * ERR_IO: path is a folder, or its folder is not there or may not be written to. */
enum err file_check_place(const char *path, struct err_info *info);
/* file_is_same: both names lead to one file that is there. */
bool file_is_same(const char *a, const char *b);
/* Joins with exactly one '/'. Returns false if it does not fit. */
bool file_join(char *out, size_t out_size, const char *folder, const char *name);
const char *file_base_name(const char *path);
/* Write all of it, over EINTR and short writes. Tests can make it write short or fail by
 * file_fail_write_after: after that many bytes in all, write fails with ENOSPC; negative: never. */
enum err file_write_all(int fd, const void *bytes, size_t n, const char *path,
                        struct err_info *info);
void file_fail_write_after(long bytes);

/* ---- JSON: cJSON behind a wrapper (decisions 5) ------------------------------------------ */

/* Differences to plain cJSON: takes the number tokens NaN, Infinity, -Infinity; look-up is
 * case-sensitive; refuses trailing garbage, \u0000, duplicate keys and depth over 64. */
struct cJSON;
/* json_parse: n bytes of text. where names the file (and line) for messages; the message carries
 * line:column. Owner: caller, json_free. */
enum err json_parse(const char *text, size_t n, const char *where, struct cJSON **out,
                    struct err_info *info);
void json_free(struct cJSON *doc);
const struct cJSON *json_get(const struct cJSON *object, const char *name); /* NULL if absent */
/* Typed look-ups: false if absent or of another kind (out untouched). json_number also takes the
 * strings "NaN", "Infinity", "-Infinity" (Rustuna writes them so). */
bool json_get_number(const struct cJSON *object, const char *name, double *out);
bool json_get_int(const struct cJSON *object, const char *name, int64_t *out);
bool json_get_bool(const struct cJSON *object, const char *name, bool *out);
const char *json_get_string(const struct cJSON *object, const char *name); /* lent; NULL if none */
bool json_number(const struct cJSON *item, double *out);

/* Writing goes straight into a struct text: ASCII only, \uXXXX with surrogate pairs, numbers as
 * text_double with NaN/Infinity tokens. Commas are set by the writer: */
struct json_writer {
    struct text *out;
    int depth;
    bool need_comma[64];
};
void json_begin(struct json_writer *w, struct text *out);
void json_open(struct json_writer *w, const char *name,
               char bracket);                         /* '{' or '['; name NULL in arrays */
void json_close(struct json_writer *w, char bracket); /* '}' or ']' */
void json_put_string(struct json_writer *w, const char *name, const char *value);
void json_put_number(struct json_writer *w, const char *name, double value);
void json_put_int(struct json_writer *w, const char *name, int64_t value);
void json_put_bool(struct json_writer *w, const char *name, bool value);
void json_put_null(struct json_writer *w, const char *name);
void json_put_item(struct json_writer *w, const char *name,
                   const struct cJSON *item);                                 /* deep copy */
void json_put_raw(struct json_writer *w, const char *name, const char *json); /* already JSON */

#endif
