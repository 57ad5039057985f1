/*
 * lessee.h is what the author of a plugin in C includes, and all of it.
 *
 * A plugin is one function, from the call to a status:
 *
 *     #include "lessee.h"
 *
 *     static lessee_status greet(lessee_call *call) {
 *         lessee_text name;
 *         if (!lessee_take_text(call, "/name", &name)) return LESSEE_FAIL;
 *         return lessee_ok(call, lessee_text_json(call, name));
 *     }
 *
 *     LESSEE_PLUGIN(greet)
 *
 *     clang --target=wasm32-wasi -mexec-model=reactor -O2 -Wl,--stack-first -I sdk/c -o greet.wasm greet.c
 *
 * What a handler is given and what it makes lives until it has answered: there
 * is nothing to free. A handler does not block and does not exit; what it wants
 * done (lessee_enqueue, lessee_command, lessee_emit) becomes part of its answer,
 * and the host commits it together with the job, or not at all.
 *
 * The header needs no libc. With one (any target of WASI) it also has numbers
 * with fractions and lessee_format. The contract behind it is docs/abi.md.
 */
#ifndef LESSEE_H
#define LESSEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __wasi__
#define LESSEE_LIBC 1
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#endif

#define LESSEE_ABI 1
#define LESSEE_FN __attribute__((unused)) static

/* ---- What a handler reads and answers ---------------------------------- */

/* Bytes of UTF-8. Those that the SDK gives out are followed by a NUL that size
 * does not count, but for the body of an HTTP response they need not be text. */
typedef struct {
    const char *at;
    size_t size;
} lessee_text;

/* The text of one JSON value, known to be valid. at is NULL: there is none. */
typedef struct {
    const char *at;
    size_t size;
} lessee_json;

typedef enum { LESSEE_ABSENT, LESSEE_NULL, LESSEE_BOOL, LESSEE_NUMBER, LESSEE_STRING, LESSEE_ARRAY, LESSEE_OBJECT } lessee_kind;

typedef enum { LESSEE_DEBUG, LESSEE_INFO, LESSEE_WARN, LESSEE_ERROR } lessee_level;

/* The verdict of a handler on its attempt. */
typedef enum {
    LESSEE_OK,    /* done: output and effects are committed with the job */
    LESSEE_RETRY, /* failed, worth another attempt; effects are dropped */
    LESSEE_FAIL,  /* failed for good: to the dead letters; effects are dropped */
    LESSEE_PARK   /* waits until somebody resumes it; effects are committed */
} lessee_status;

/* Which attempt at which job. Times are the database's, in milliseconds since 1970. */
typedef struct {
    int64_t id, attempt, max_attempts;
    int64_t enqueued_ms, deadline_ms; /* at the deadline the host stops the attempt */
    lessee_text job_class, idempotency_key;
} lessee_job;

/* Memory of one attempt. The SDK's own. */
typedef struct {
    char *start, *next, *end;
    bool answered; /* the next envelope may overwrite everything */
} lessee_arena;

struct lessee_call;

/* Writes one JSON value; commas and escapes are its business. */
typedef struct {
    struct lessee_call *call;
    char *at;
    size_t size, room;
    int depth;
    bool comma;
    uint8_t arrays[64]; /* one bit per open container: is it an array? */
} lessee_writer;

/* One attempt. */
typedef struct lessee_call {
    lessee_job job;
    lessee_text traceparent, tracestate; /* of the attempt's span, to pass on to what the handler calls */
    lessee_json config, payload;         /* either may be absent */

    lessee_arena *arena; /* from here on the SDK's own */
    lessee_json output, detail;
    lessee_writer events, enqueue, commands;
    const char *code, *message, *broken;
    int64_t retry_after_ms;
} lessee_call;

typedef lessee_status (*lessee_handler)(lessee_call *);

/* ---- The host ----------------------------------------------------------- */

#ifdef __cplusplus
#define LESSEE_C extern "C"
#else
#define LESSEE_C
#endif
#define LESSEE_IMPORT(name) LESSEE_C __attribute__((import_module("lessee_v1"), import_name(#name)))
#define LESSEE_EXPORT(name) LESSEE_C __attribute__((export_name(#name)))

LESSEE_IMPORT(log) void lessee_host_log(int32_t level, const char *at, size_t size);
LESSEE_IMPORT(progress) void lessee_host_progress(int32_t permille, const char *at, size_t size);
LESSEE_IMPORT(cancelled) int32_t lessee_host_cancelled(void);
LESSEE_IMPORT(http) size_t lessee_host_http(const char *at, size_t size);
LESSEE_IMPORT(http_response) size_t lessee_host_http_response(char *at, size_t size);

LESSEE_FN size_t lessee_length(const char *s) {
    size_t n = 0;
    while (s[n]) n++;
    return n;
}

LESSEE_FN void lessee_copy(char *to, const char *from, size_t size) {
    for (size_t i = 0; i < size; i++) to[i] = from[i];
}

/* The text of a string of C, "" for NULL. */
LESSEE_FN lessee_text lessee_text_of(const char *s) {
    lessee_text t = {s ? s : "", s ? lessee_length(s) : 0};
    return t;
}

/* Whether t and s are the same text. */
LESSEE_FN bool lessee_is(lessee_text t, const char *s) {
    size_t n = 0;
    while (n < t.size && s[n] && t.at[n] == s[n]) n++;
    return n == t.size && !s[n];
}

/* One line for the attempt's log. */
LESSEE_FN void lessee_log(lessee_level level, const char *line) { lessee_host_log(level, line, lessee_length(line)); }

/* How far the attempt is, in thousandths, and what it does now. */
LESSEE_FN void lessee_progress(int permille, const char *note) {
    lessee_host_progress(permille, note, lessee_length(note));
}

/* Whether the attempt should stop. A long loop asks it now and then. */
LESSEE_FN bool lessee_cancelled(void) { return lessee_host_cancelled() != 0; }

/* Ends the attempt with a trap. The operator sees the reason, and the names of
 * the functions that led here. */
__attribute__((noreturn, cold)) LESSEE_FN void lessee_panic(const char *reason) {
#ifdef LESSEE_LIBC
    /* The host adds what a guest last wrote to stderr to the attempt's error. */
    char line[256] = "panic: ";
    size_t n = 7;
    while (*reason && n < sizeof line - 1) line[n++] = *reason++;
    line[n++] = '\n';
    if (write(2, line, n) < 0) __builtin_trap();
#else
    lessee_log(LESSEE_ERROR, reason);
#endif
    __builtin_trap();
}

#define LESSEE_TEXT_OF_(x) #x
#define LESSEE_TEXT_OF(x) LESSEE_TEXT_OF_(x)

/* assert for plugins: says file, line and condition, and needs no libc. */
#define LESSEE_ASSERT(condition) \
    ((condition) ? (void)0 : lessee_panic(__FILE__ ":" LESSEE_TEXT_OF(__LINE__) ": not true: " #condition))

/* ---- Memory ------------------------------------------------------------- */

/* More memory from the engine. False: the limit is reached. */
LESSEE_FN bool lessee_grow(lessee_arena *a, size_t size) {
    size_t page = 65536, pages = (size + page - 1) / page;
    size_t before = __builtin_wasm_memory_grow(0, pages);
    if (before == (size_t)-1) return false;
    char *from = (char *)(before * page);
    if (from != a->end) a->start = a->next = from;
    a->end = from + pages * page;
    return true;
}

LESSEE_FN char *lessee_reserve(lessee_arena *a, size_t size) {
    size_t need = (size + 15) & ~(size_t)15;
    if (need < size) return NULL;
    if ((size_t)(a->end - a->next) < need && !lessee_grow(a, need)) return NULL;
    char *got = a->next;
    a->next += need;
    return got;
}

/* Memory until the answer, not zeroed. Never NULL: without room the attempt ends. */
LESSEE_FN void *lessee_new(lessee_call *call, size_t size) {
    char *got = lessee_reserve(call->arena, size);
    if (!got) lessee_panic("out of memory: raise limits.memory_bytes of the class");
    return got;
}

#ifdef LESSEE_LIBC
/* printf into a new text. */
__attribute__((format(printf, 2, 3))) LESSEE_FN lessee_text lessee_format(lessee_call *call, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    LESSEE_ASSERT(size >= 0);
    char *at = (char *)lessee_new(call, (size_t)size + 1);
    vsnprintf(at, (size_t)size + 1, format, again);
    va_end(again);
    va_end(args);
    lessee_text t = {at, (size_t)size};
    return t;
}
#endif

/* ---- Characters --------------------------------------------------------- */

/* How many bytes the UTF-8 character takes that p begins with; 0: it is none. */
LESSEE_FN size_t lessee_utf8(const char *p, const char *end) {
    const unsigned char *s = (const unsigned char *)p;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
    if (n > (size_t)(end - p)) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)) return 0; /* overlong, surrogate */
    if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) return 0; /* overlong, too large */
    return n;
}

LESSEE_FN size_t lessee_encode_utf8(uint32_t c, char *out) {
    if (c < 0x80) return out[0] = (char)c, 1;
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(0xf00 >> n | c);
    return n;
}

/* The value of four hex digits; -1: they are none. */
LESSEE_FN int32_t lessee_hex4(const char *p, const char *end) {
    if (end - p < 4) return -1;
    int32_t v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i], low = (char)(c | 0x20);
        if (c >= '0' && c <= '9') v = v << 4 | (c - '0');
        else if (low >= 'a' && low <= 'f') v = v << 4 | (low - 'a' + 10);
        else return -1;
    }
    return v;
}

/* The character that an escape without u stands for; 0: there is none such. */
LESSEE_FN char lessee_unescaped(char c) {
    switch (c) {
    case '"': case '\\': case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    }
    return 0;
}

/* Reads an escape, *p behind its backslash, and moves on. Half a surrogate pair
 * is given as it is; -1: this is no escape. */
LESSEE_FN int32_t lessee_escape(const char **p, const char *end) {
    if (*p == end) return -1;
    char c = *(*p)++;
    if (c != 'u') return lessee_unescaped(c) ? lessee_unescaped(c) : -1;
    int32_t first = lessee_hex4(*p, end);
    if (first < 0) return -1;
    *p += 4;
    if ((first & 0xfc00) != 0xd800 || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u') return first;
    int32_t second = lessee_hex4(*p + 2, end);
    if (second < 0 || (second & 0xfc00) != 0xdc00) return first;
    *p += 6;
    return 0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff);
}

/* ---- Reading JSON ------------------------------------------------------- */

#define LESSEE_READ_DEPTH 1000  /* of what is read */
#define LESSEE_STORE_DEPTH 500  /* of what is answered; this and the next two as docs/abi.md says */
#define LESSEE_NUMBER_SIZE 1000
#define LESSEE_EXPONENT 10000

/* A place in JSON text. wrong says why it is not valid there. */
typedef struct {
    const char *p, *end, *wrong;
    bool storable; /* also refuse what Postgres can't store */
} lessee_cursor;

LESSEE_FN lessee_cursor lessee_cursor_of(lessee_json j) {
    lessee_cursor c = {j.at, j.at + j.size, NULL, false};
    return c;
}

LESSEE_FN bool lessee_wrong(lessee_cursor *c, const char *why) {
    if (!c->wrong) c->wrong = why;
    return false;
}

LESSEE_FN void lessee_skip_space(lessee_cursor *c) {
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\t' || *c->p == '\r')) c->p++;
}

LESSEE_FN bool lessee_skip_char(lessee_cursor *c, char want) {
    lessee_skip_space(c);
    if (c->p == c->end || *c->p != want) return false;
    c->p++;
    return true;
}

/* Moves past ASCII that a string holds as it is, eight characters at a time. A
 * byte's high bit is set in odd if it is a control, a quote, a backslash or
 * beyond ASCII; above the first such byte the subtractions may borrow. */
LESSEE_FN const char *lessee_skip_plain(const char *p, const char *end) {
    const uint64_t each = 0x0101010101010101;
    for (uint64_t v; end - p >= 8; p += 8) {
        __builtin_memcpy(&v, p, 8);
        uint64_t odd = (v | (v - each * 0x20) | ((v ^ each * '"') - each) | ((v ^ each * '\\') - each)) & each << 7;
        if (odd) return p + __builtin_ctzll(odd) / 8;
    }
    while (p < end && *p >= 0x20 && *p != '"' && *p != '\\') p++;
    return p;
}

LESSEE_FN bool lessee_skip_string(lessee_cursor *c) {
    if (!lessee_skip_char(c, '"')) return lessee_wrong(c, "a string is missing");
    for (;;) {
        c->p = lessee_skip_plain(c->p, c->end);
        if (c->p == c->end) return lessee_wrong(c, "a string does not end");
        unsigned char b = (unsigned char)*c->p;
        if (b == '"') return c->p++, true;
        if (b < 0x20) return lessee_wrong(c, "a string holds a control character");
        if (b == '\\') {
            c->p++;
            int32_t r = lessee_escape(&c->p, c->end);
            if (r < 0) return lessee_wrong(c, "a string holds an escape that is none");
            if (c->storable && r == 0) return lessee_wrong(c, "a string holds a NUL character");
            if (c->storable && (r & 0x1ff800) == 0xd800) return lessee_wrong(c, "a string holds half of a surrogate pair");
        } else {
            size_t n = c->storable ? lessee_utf8(c->p, c->end) : 1;
            if (!n) return lessee_wrong(c, "it is not valid UTF-8");
            c->p += n;
        }
    }
}

LESSEE_FN int lessee_skip_digits(lessee_cursor *c) {
    int n = 0;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; n++) c->p++;
    return n;
}

LESSEE_FN bool lessee_skip_exponent(lessee_cursor *c) {
    if (c->p < c->end && (*c->p == '+' || *c->p == '-')) c->p++;
    const char *from = c->p;
    if (!lessee_skip_digits(c)) return lessee_wrong(c, "a number has no exponent");
    int64_t v = 0;
    for (const char *p = from; p < c->p && v <= LESSEE_EXPONENT; p++) v = v * 10 + (*p - '0');
    return !c->storable || v <= LESSEE_EXPONENT || lessee_wrong(c, "a number's exponent is beyond 10000");
}

LESSEE_FN bool lessee_skip_number(lessee_cursor *c) {
    const char *from = c->p;
    if (*c->p == '-') c->p++;
    const char *first = c->p;
    int digits = lessee_skip_digits(c);
    if (!digits || (digits > 1 && *first == '0')) return lessee_wrong(c, "a value is missing, or is no JSON");
    if (c->p < c->end && *c->p == '.') {
        c->p++;
        if (!lessee_skip_digits(c)) return lessee_wrong(c, "a number ends with its point");
    }
    if (c->p < c->end && (*c->p | 0x20) == 'e') {
        c->p++;
        if (!lessee_skip_exponent(c)) return false;
    }
    return !c->storable || c->p - from <= LESSEE_NUMBER_SIZE || lessee_wrong(c, "a number is longer than 1000 characters");
}

LESSEE_FN bool lessee_skip_word(lessee_cursor *c, const char *word) {
    for (; *word; word++, c->p++)
        if (c->p == c->end || *c->p != *word) return lessee_wrong(c, "a value is no JSON");
    return true;
}

LESSEE_FN bool lessee_skip(lessee_cursor *c, int depth);

LESSEE_FN bool lessee_skip_container(lessee_cursor *c, char close, int depth) {
    if (depth >= (c->storable ? LESSEE_STORE_DEPTH : LESSEE_READ_DEPTH)) return lessee_wrong(c, "it is nested too deeply");
    c->p++;
    if (lessee_skip_char(c, close)) return true;
    do {
        if (close == '}' && !(lessee_skip_string(c) && (lessee_skip_char(c, ':') || lessee_wrong(c, "a colon is missing"))))
            return false;
        if (!lessee_skip(c, depth + 1)) return false;
    } while (lessee_skip_char(c, ','));
    return lessee_skip_char(c, close) || lessee_wrong(c, "a comma or a closing bracket is missing");
}

/* Moves past one value. False: there is none, and c says why. */
LESSEE_FN bool lessee_skip(lessee_cursor *c, int depth) {
    lessee_skip_space(c);
    if (c->p == c->end) return lessee_wrong(c, "it ends too early");
    switch (*c->p) {
    case '{': return lessee_skip_container(c, '}', depth);
    case '[': return lessee_skip_container(c, ']', depth);
    case '"': return lessee_skip_string(c);
    case 't': return lessee_skip_word(c, "true");
    case 'f': return lessee_skip_word(c, "false");
    case 'n': return lessee_skip_word(c, "null");
    }
    return lessee_skip_number(c);
}

/* What is wrong with text that should be one JSON value; NULL: nothing. */
LESSEE_FN const char *lessee_check(lessee_text t, bool storable) {
    lessee_cursor c = {t.at, t.at + t.size, NULL, storable};
    if (!lessee_skip(&c, 0)) return c.wrong;
    lessee_skip_space(&c);
    return c.p == c.end ? NULL : "something follows its value";
}

/* A value without the space before it. */
LESSEE_FN lessee_json lessee_trim(lessee_json j) {
    lessee_cursor c = lessee_cursor_of(j);
    lessee_skip_space(&c);
    j.size -= (size_t)(c.p - j.at), j.at = c.p;
    return j;
}

/* Text as JSON; absent if it is none. */
LESSEE_FN lessee_json lessee_parse(lessee_text t) {
    lessee_json none = {NULL, 0}, j = {t.at, t.size};
    return lessee_check(t, false) ? none : lessee_trim(j);
}

LESSEE_FN lessee_kind lessee_kind_of(lessee_json j) {
    if (!j.at) return LESSEE_ABSENT;
    switch (*j.at) {
    case 'n': return LESSEE_NULL;
    case 't': case 'f': return LESSEE_BOOL;
    case '"': return LESSEE_STRING;
    case '[': return LESSEE_ARRAY;
    case '{': return LESSEE_OBJECT;
    }
    return LESSEE_NUMBER;
}

/* A walk over the members of an object or the elements of an array:
 *
 *     for (lessee_walk w = lessee_walk_of(list); lessee_next(&w);) use(w.value); */
typedef struct {
    lessee_json key, value; /* the key is a JSON string; absent in arrays */
    lessee_cursor rest;
} lessee_walk;

LESSEE_FN lessee_walk lessee_walk_of(lessee_json j) {
    lessee_walk w = {{NULL, 0}, {NULL, 0}, lessee_cursor_of(j)};
    if (lessee_kind_of(j) < LESSEE_ARRAY) w.rest.p = w.rest.end;
    return w;
}

LESSEE_FN lessee_json lessee_step(lessee_cursor *c) {
    lessee_skip_space(c);
    const char *from = c->p;
    lessee_skip(c, 0);
    lessee_json j = {from, (size_t)(c->p - from)};
    return j;
}

LESSEE_FN bool lessee_next(lessee_walk *w) {
    lessee_cursor *c = &w->rest;
    if (c->p == c->end) return false;
    bool object = w->value.at ? w->key.at != NULL : *c->p == '{';
    c->p++; /* the opening bracket, or a comma */
    lessee_skip_space(c);
    if (*c->p == '}' || *c->p == ']') return c->p = c->end, false;
    if (object) {
        w->key = lessee_step(c);
        lessee_skip_char(c, ':');
    }
    w->value = lessee_step(c);
    lessee_skip_space(c);
    if (*c->p != ',') c->p = c->end;
    return true;
}

/* Whether a key, a JSON string, is the part of a JSON pointer at *part; moves
 * *part to where the next one starts. */
LESSEE_FN bool lessee_key_is(lessee_json key, const char *part) {
    const char *p = key.at + 1, *end = key.at + key.size - 1;
    while (p < end && *p == *part && *p != '/' && *p != '~' && *p != '\\') p++, part++;
    while (p < end) {
        char bytes[4];
        size_t n = 1;
        if (*p == '\\') {
            p++;
            n = lessee_encode_utf8((uint32_t)lessee_escape(&p, end), bytes);
        } else {
            bytes[0] = *p++;
        }
        for (size_t i = 0; i < n; i++, part++) {
            char want = *part;
            if (want == '/' || want == 0) return false;
            if (want == '~' && part[1]) want = *++part == '1' ? '/' : '~';
            if (want != bytes[i]) return false;
        }
    }
    return *part == '/' || *part == 0;
}

LESSEE_FN lessee_json lessee_child(lessee_json j, const char *part) {
    size_t index = 0, at = 0;
    for (const char *d = part; *d >= '0' && *d <= '9'; d++) index = index * 10 + (size_t)(*d - '0');
    bool array = lessee_kind_of(j) == LESSEE_ARRAY;
    for (lessee_walk w = lessee_walk_of(j); lessee_next(&w); at++)
        if (array ? at == index : lessee_key_is(w.key, part)) return w.value;
    lessee_json none = {NULL, 0};
    return none;
}

/* The value at a JSON pointer, such as "/lines/0/sku"; absent if there is none.
 * See RFC 6901. */
LESSEE_FN lessee_json lessee_at(lessee_json j, const char *pointer) {
    while (*pointer == '/' && j.at) {
        j = lessee_child(j, ++pointer);
        while (*pointer && *pointer != '/') pointer++;
    }
    return j;
}

/* The number of elements or members. */
LESSEE_FN size_t lessee_count(lessee_json j) {
    size_t n = 0;
    for (lessee_walk w = lessee_walk_of(j); lessee_next(&w);) n++;
    return n;
}

LESSEE_FN bool lessee_to_bool(lessee_json j, bool *out) {
    if (lessee_kind_of(j) != LESSEE_BOOL) return false;
    *out = *j.at == 't';
    return true;
}

/* False also for a number with a fraction, and for one that 64 bits don't hold. */
LESSEE_FN bool lessee_to_int(lessee_json j, int64_t *out) {
    if (lessee_kind_of(j) != LESSEE_NUMBER) return false;
    lessee_cursor c = lessee_cursor_of(j);
    bool negative = *c.p == '-';
    int64_t v = 0; /* below zero, where there is room for one more */
    for (c.p += negative; c.p < c.end && *c.p >= '0' && *c.p <= '9'; c.p++) {
        int digit = *c.p - '0';
        if (v < INT64_MIN / 10) return false;
        if (__builtin_sub_overflow(v * 10, digit, &v)) return false;
    }
    if (c.p < c.end && (*c.p == '.' || (*c.p | 0x20) == 'e')) return false;
    if (!negative && v == INT64_MIN) return false;
    *out = negative ? v : -v;
    return true;
}

#ifdef LESSEE_LIBC
LESSEE_FN bool lessee_to_number(lessee_json j, double *out) {
    if (lessee_kind_of(j) != LESSEE_NUMBER) return false;
    *out = strtod(j.at, NULL); /* ends by itself: the envelope is followed by a NUL */
    return true;
}
#endif

/* Decodes a string, NUL-terminated. Half a surrogate pair becomes U+FFFD. */
LESSEE_FN bool lessee_to_text(lessee_call *call, lessee_json j, lessee_text *out) {
    if (lessee_kind_of(j) != LESSEE_STRING) return false;
    lessee_cursor c = lessee_cursor_of(j);
    lessee_skip_string(&c);
    const char *p = j.at + 1, *end = c.p - 1;
    char *at = (char *)lessee_new(call, (size_t)(end - p) + 1); /* no escape is shorter than what it stands for */
    size_t n = 0;
    while (p < end) {
        const char *plain = p;
        while ((p = lessee_skip_plain(p, end)) < end && *p != '\\') p++;
        lessee_copy(at + n, plain, (size_t)(p - plain));
        n += (size_t)(p - plain);
        if (p++ == end) break;
        int32_t r = lessee_escape(&p, end);
        n += lessee_encode_utf8((r & 0x1ff800) == 0xd800 ? 0xfffd : (uint32_t)r, at + n);
    }
    at[n] = 0;
    out->at = at, out->size = n;
    return true;
}

/* ---- Writing JSON ------------------------------------------------------- */

LESSEE_FN lessee_writer lessee_write(lessee_call *call) {
    lessee_writer w = {call, NULL, 0, 0, 0, false, {0}};
    return w;
}

/* Keeps the first thing that makes the answer no valid result. */
LESSEE_FN void lessee_broken(lessee_call *call, const char *why) {
    if (!call->broken) call->broken = why;
}

LESSEE_FN void lessee_put_bytes(lessee_writer *w, const char *from, size_t size) {
    if (size > w->room - w->size) {
        size_t room = w->room * 2 + size + 64;
        char *at = (char *)lessee_new(w->call, room);
        lessee_copy(at, w->at, w->size);
        w->at = at, w->room = room;
    }
    lessee_copy(w->at + w->size, from, size);
    w->size += size;
}

LESSEE_FN void lessee_put_char(lessee_writer *w, char c) { lessee_put_bytes(w, &c, 1); }

/* What comes before every value. */
LESSEE_FN void lessee_put_comma(lessee_writer *w) {
    if (w->comma) lessee_put_char(w, ',');
    w->comma = true;
}

LESSEE_FN void lessee_put_word(lessee_writer *w, lessee_text word) {
    lessee_put_comma(w);
    lessee_put_bytes(w, word.at, word.size);
}

LESSEE_FN void lessee_put_null(lessee_writer *w) { lessee_put_word(w, lessee_text_of("null")); }
LESSEE_FN void lessee_put_bool(lessee_writer *w, bool v) { lessee_put_word(w, lessee_text_of(v ? "true" : "false")); }

LESSEE_FN void lessee_put_int(lessee_writer *w, int64_t v) {
    char digits[20];
    size_t n = sizeof digits;
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do digits[--n] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (v < 0) digits[--n] = '-';
    lessee_text word = {digits + n, sizeof digits - n};
    lessee_put_word(w, word);
}

#ifdef LESSEE_LIBC
/* The shortest text that reads back as v. */
LESSEE_FN void lessee_put_number(lessee_writer *w, double v) {
    char digits[32] = "";
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, v);
        if (strtod(digits, NULL) == v) break;
    }
    if (!(v - v == 0)) lessee_broken(w->call, "a number is not finite: JSON has none such");
    lessee_put_word(w, lessee_text_of(digits));
}
#endif

/* One character of a string; what is no UTF-8 becomes U+FFFD. Returns its size. */
LESSEE_FN size_t lessee_put_escaped(lessee_writer *w, const char *p, const char *end) {
    static const char hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)*p;
    if (c == '"' || c == '\\') lessee_put_char(w, '\\');
    if (c >= 0x20) {
        size_t n = lessee_utf8(p, end);
        lessee_put_bytes(w, n ? p : "\xef\xbf\xbd", n ? n : 3);
        return n ? n : 1;
    }
    char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    lessee_put_bytes(w, escape, sizeof escape);
    return 1;
}

LESSEE_FN void lessee_put_text(lessee_writer *w, lessee_text t) {
    lessee_put_comma(w);
    lessee_put_char(w, '"');
    for (const char *p = t.at, *end = t.at + t.size; p < end;) {
        const char *plain = p;
        while (p < end && *p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\') p++;
        lessee_put_bytes(w, plain, (size_t)(p - plain));
        if (p < end) p += lessee_put_escaped(w, p, end);
    }
    lessee_put_char(w, '"');
}

LESSEE_FN void lessee_put_string(lessee_writer *w, const char *s) { lessee_put_text(w, lessee_text_of(s)); }

/* A value as it is; null for an absent one. */
LESSEE_FN void lessee_put_json(lessee_writer *w, lessee_json j) {
    lessee_text word = {j.at, j.size};
    lessee_put_word(w, j.at ? word : lessee_text_of("null"));
}

LESSEE_FN void lessee_begin(lessee_writer *w, bool array) {
    lessee_put_comma(w);
    lessee_put_char(w, array ? '[' : '{');
    if (w->depth < LESSEE_STORE_DEPTH) {
        uint8_t bit = (uint8_t)(1 << w->depth % 8), *bits = &w->arrays[w->depth / 8];
        *bits = (uint8_t)(array ? *bits | bit : *bits & ~bit);
    } else {
        lessee_broken(w->call, "it is nested deeper than 500 levels");
    }
    w->depth++;
    w->comma = false;
}

LESSEE_FN void lessee_begin_object(lessee_writer *w) { lessee_begin(w, false); }
LESSEE_FN void lessee_begin_array(lessee_writer *w) { lessee_begin(w, true); }

/* Closes the innermost object or array. */
LESSEE_FN void lessee_end(lessee_writer *w) {
    if (w->depth-- <= 0) {
        lessee_broken(w->call, "lessee_end closes more than was begun");
        return;
    }
    bool array = w->depth < LESSEE_STORE_DEPTH && (w->arrays[w->depth / 8] >> w->depth % 8 & 1);
    lessee_put_char(w, array ? ']' : '}');
    w->comma = true;
}

/* The key of the member whose value is put next. */
LESSEE_FN void lessee_key(lessee_writer *w, const char *key) {
    lessee_put_string(w, key);
    lessee_put_char(w, ':');
    w->comma = false;
}

/* What was written. It stays as it is when the writer goes on. */
LESSEE_FN lessee_json lessee_written(lessee_writer *w) {
    if (w->depth > 0) lessee_broken(w->call, "an object or array was begun and not ended: call lessee_end");
    lessee_json j = {w->at, w->size};
    return j;
}

LESSEE_FN lessee_json lessee_text_json(lessee_call *call, lessee_text t) {
    lessee_writer w = lessee_write(call);
    lessee_put_text(&w, t);
    return lessee_written(&w);
}

LESSEE_FN void lessee_put_member(lessee_writer *w, const char *key, lessee_json value) {
    if (!value.at) return;
    lessee_key(w, key);
    lessee_put_json(w, value);
}

LESSEE_FN void lessee_put_named(lessee_writer *w, const char *key, const char *value) {
    if (!value) return;
    lessee_key(w, key);
    lessee_put_string(w, value);
}

/* ---- Taking fields of the payload --------------------------------------- */

LESSEE_FN const char *lessee_join(lessee_call *call, const char *const *parts, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) size += lessee_length(parts[i]);
    char *joined = (char *)lessee_new(call, size + 1), *at = joined;
    for (size_t i = 0; i < count; at += lessee_length(parts[i++])) lessee_copy(at, parts[i], lessee_length(parts[i]));
    *at = 0;
    return joined;
}

/* Says that the payload is not what the handler takes. Return LESSEE_FAIL then. */
LESSEE_FN bool lessee_refuse(lessee_call *call, const char *pointer, const char *want) {
    static const char *const kinds[] = {"missing", "null", "a boolean", "a number", "a string", "an array", "an object"};
    const char *is = kinds[lessee_kind_of(lessee_at(call->payload, pointer))];
    const char *parts[] = {"the payload is not what the handler takes: ", *pointer ? pointer : "the value", " is ", is, ", want ", want};
    call->code = "payload_invalid";
    call->message = lessee_join(call, parts, 6);
    return false;
}

/* Each of these reads a field of the payload, named by its JSON pointer. False:
 * it is missing, or of another type, and the failure's message says so; all that
 * is left to do is to return LESSEE_FAIL. A field that may be missing is asked
 * for first: lessee_has. */
LESSEE_FN bool lessee_take_text(lessee_call *call, const char *pointer, lessee_text *out) {
    return lessee_to_text(call, lessee_at(call->payload, pointer), out) || lessee_refuse(call, pointer, "a string");
}

LESSEE_FN bool lessee_take_int(lessee_call *call, const char *pointer, int64_t *out) {
    return lessee_to_int(lessee_at(call->payload, pointer), out) || lessee_refuse(call, pointer, "an integer of 64 bits");
}

LESSEE_FN bool lessee_take_bool(lessee_call *call, const char *pointer, bool *out) {
    return lessee_to_bool(lessee_at(call->payload, pointer), out) || lessee_refuse(call, pointer, "a boolean");
}

#ifdef LESSEE_LIBC
LESSEE_FN bool lessee_take_number(lessee_call *call, const char *pointer, double *out) {
    return lessee_to_number(lessee_at(call->payload, pointer), out) || lessee_refuse(call, pointer, "a number");
}
#endif

LESSEE_FN bool lessee_take_array(lessee_call *call, const char *pointer, lessee_json *out) {
    *out = lessee_at(call->payload, pointer);
    return lessee_kind_of(*out) == LESSEE_ARRAY || lessee_refuse(call, pointer, "an array");
}

LESSEE_FN bool lessee_take_object(lessee_call *call, const char *pointer, lessee_json *out) {
    *out = lessee_at(call->payload, pointer);
    return lessee_kind_of(*out) == LESSEE_OBJECT || lessee_refuse(call, pointer, "an object");
}

/* Whether the payload has a value there that is not null. */
LESSEE_FN bool lessee_has(lessee_call *call, const char *pointer) {
    return lessee_kind_of(lessee_at(call->payload, pointer)) > LESSEE_NULL;
}

/* ---- Answering ---------------------------------------------------------- */

/* Done, with an output. Without one, return LESSEE_OK. */
LESSEE_FN lessee_status lessee_ok(lessee_call *call, lessee_json output) {
    call->output = output;
    return LESSEE_OK;
}

LESSEE_FN lessee_status lessee_failure(lessee_call *call, lessee_status status, const char *code, const char *message) {
    call->code = code, call->message = message;
    return status;
}

/* Failed for good. code is a name for the retry policy, such as "no_stock". */
LESSEE_FN lessee_status lessee_fail(lessee_call *call, const char *code, const char *message) {
    return lessee_failure(call, LESSEE_FAIL, code, message);
}

/* Failed, worth another attempt after the class's backoff. */
LESSEE_FN lessee_status lessee_retry(lessee_call *call, const char *code, const char *message) {
    return lessee_failure(call, LESSEE_RETRY, code, message);
}

/* The same, but not before some milliseconds have passed. */
LESSEE_FN lessee_status lessee_retry_after(lessee_call *call, int64_t ms, const char *code, const char *message) {
    call->retry_after_ms = ms > 0 ? ms : 0;
    return lessee_failure(call, LESSEE_RETRY, code, message);
}

/* Waits until a person, a child or a signal resumes the job. output may be absent. */
LESSEE_FN lessee_status lessee_park(lessee_call *call, lessee_json output) {
    call->output = output;
    return LESSEE_PARK;
}

/* More about a failure, as JSON. */
LESSEE_FN void lessee_detail(lessee_call *call, lessee_json detail) { call->detail = detail; }

LESSEE_FN void lessee_begin_effect(lessee_writer *w) {
    if (!w->depth) lessee_begin_array(w);
    lessee_begin_object(w);
}

/* An event of a registered type. payload may be absent, key may be NULL;
 * consumers see the events of one key in order. */
LESSEE_FN void lessee_emit(lessee_call *call, const char *type, lessee_json payload, const char *key) {
    lessee_writer *w = &call->events;
    if (!*type) lessee_broken(call, "an event has no type");
    lessee_begin_effect(w);
    lessee_put_named(w, "type", type);
    lessee_put_member(w, "payload", payload);
    lessee_put_named(w, "key", key);
    lessee_end(w);
}

/* A follow-up job. All but job_class may be left zero. */
typedef struct {
    const char *job_class;
    lessee_json payload;
    const int16_t *priority; /* lower runs first; NULL: the class's own */
    const char *run_at;      /* as RFC 3339; NULL: now */
    const char *idempotency_key;
} lessee_follow_up;

LESSEE_FN bool lessee_parse_time(lessee_text t, int64_t *ms);

LESSEE_FN void lessee_enqueue(lessee_call *call, lessee_follow_up job) {
    lessee_writer *w = &call->enqueue;
    int64_t ms;
    if (!job.job_class || !*job.job_class) lessee_broken(call, "a follow-up has no class");
    if (job.run_at && !lessee_parse_time(lessee_text_of(job.run_at), &ms))
        lessee_broken(call, "the run_at of a follow-up is no time as RFC 3339 has it");
    lessee_begin_effect(w);
    lessee_put_named(w, "class", job.job_class);
    lessee_put_member(w, "payload", job.payload);
    if (job.priority) lessee_key(w, "priority"), lessee_put_int(w, *job.priority);
    lessee_put_named(w, "run_at", job.run_at);
    lessee_put_named(w, "idempotency_key", job.idempotency_key);
    lessee_end(w);
}

/* A registered Postgres function, to run in the transaction that commits this
 * job. args may be absent. */
LESSEE_FN void lessee_command(lessee_call *call, const char *name, lessee_json args) {
    lessee_writer *w = &call->commands;
    if (!*name) lessee_broken(call, "a command has no name");
    lessee_begin_effect(w);
    lessee_put_named(w, "name", name);
    lessee_put_member(w, "args", args);
    lessee_end(w);
}

/* ---- HTTP --------------------------------------------------------------- */

typedef struct {
    const char *name, *value;
} lessee_header;

/* All but url may be left zero. */
typedef struct {
    const char *method; /* NULL: GET */
    const char *url;
    const lessee_header *headers;
    size_t header_count;
    lessee_text body;
    const char *credential; /* the name of one that is bound to the class; the host adds its value */
    int64_t timeout_ms;     /* 0: the attempt's deadline */
    bool follow_redirects;  /* false: a redirect is the response */
} lessee_request;

/* status is 0 when there was none; then error_code is http_denied, http_invalid,
 * http_failed or http_secret, and error_message says what to do. */
typedef struct {
    int64_t status;
    lessee_json headers; /* an object of arrays; names in lower case */
    lessee_text url;     /* after redirects */
    lessee_text body;
    lessee_text error_code, error_message;
} lessee_response;

LESSEE_FN void lessee_put_headers(lessee_writer *w, const lessee_header *headers, size_t count) {
    lessee_key(w, "headers");
    lessee_begin_object(w);
    for (size_t i = 0; i < count; i++) {
        size_t same = 0; /* how many before this one have its name */
        for (size_t k = 0; k < i; k++) same += lessee_is(lessee_text_of(headers[k].name), headers[i].name);
        if (same) continue;
        lessee_key(w, headers[i].name);
        lessee_begin_array(w);
        for (size_t k = i; k < count; k++)
            if (lessee_is(lessee_text_of(headers[k].name), headers[i].name)) lessee_put_string(w, headers[k].value);
        lessee_end(w);
    }
    lessee_end(w);
}

LESSEE_FN lessee_json lessee_request_head(lessee_call *call, const lessee_request *r) {
    lessee_writer w = lessee_write(call);
    lessee_begin_object(&w);
    lessee_put_named(&w, "method", r->method ? r->method : "GET");
    lessee_put_named(&w, "url", r->url ? r->url : "");
    lessee_put_headers(&w, r->headers, r->header_count);
    lessee_put_named(&w, "credential", r->credential);
    if (r->timeout_ms > 0) lessee_key(&w, "timeout_ms"), lessee_put_int(&w, r->timeout_ms);
    if (r->follow_redirects) lessee_key(&w, "follow_redirects"), lessee_put_bool(&w, true);
    lessee_end(&w);
    return lessee_written(&w);
}

/* Sends a document (length of the head, head, body) and takes the answer's. */
LESSEE_FN lessee_text lessee_exchange(lessee_call *call, lessee_json head, lessee_text body) {
    size_t size = 4 + head.size + body.size;
    char *document = (char *)lessee_new(call, size);
    for (size_t i = 0; i < 4; i++) document[i] = (char)(head.size >> 8 * i);
    lessee_copy(document + 4, head.at, head.size);
    lessee_copy(document + 4 + head.size, body.at, body.size);
    size = lessee_host_http(document, size);
    char *answer = (char *)lessee_new(call, size + 1);
    size = lessee_host_http_response(answer, size);
    answer[size] = 0;
    lessee_text t = {answer, size};
    return t;
}

LESSEE_FN lessee_response lessee_response_of(lessee_call *call, lessee_text document) {
    lessee_response r = {0, {NULL, 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}};
    size_t size = 0;
    for (size_t i = 0; i < 4 && document.size >= 4; i++) size |= (size_t)(unsigned char)document.at[i] << 8 * i;
    lessee_text raw = {document.at + 4, size};
    bool whole = document.size >= 4 && size <= document.size - 4;
    lessee_json none = {NULL, 0}, head = whole ? lessee_parse(raw) : none, error = lessee_at(head, "/error");
    lessee_to_text(call, lessee_at(error, "/code"), &r.error_code);
    lessee_to_text(call, lessee_at(error, "/message"), &r.error_message);
    if (lessee_to_int(lessee_at(head, "/status"), &r.status)) {
        r.headers = lessee_at(head, "/headers");
        lessee_to_text(call, lessee_at(head, "/url"), &r.url);
        r.body.at = raw.at + size, r.body.size = document.size - 4 - size;
    } else if (!r.error_code.size) {
        r.error_code = lessee_text_of("http_failed");
        r.error_message = lessee_text_of("the host's answer is no response: host and SDK disagree, rebuild the plugin");
    }
    return r;
}

/* Calls out, as far as the class is granted, and waits for the response. */
LESSEE_FN lessee_response lessee_http(lessee_call *call, lessee_request request) {
    return lessee_response_of(call, lessee_exchange(call, lessee_request_head(call, &request), request.body));
}

/* The first header of that name, in lower case; "" if there is none. */
LESSEE_FN lessee_text lessee_header_of(lessee_call *call, const lessee_response *r, const char *name) {
    lessee_text value = {"", 0};
    for (lessee_walk w = lessee_walk_of(r->headers); lessee_next(&w);)
        if (lessee_key_is(w.key, name) && lessee_to_text(call, lessee_at(w.value, "/0"), &value)) break;
    return value;
}

/* ---- The envelope ------------------------------------------------------- */

LESSEE_FN bool lessee_digits(const char **p, const char *end, int count, int64_t *out) {
    for (*out = 0; count > 0; count--, ++*p) {
        if (*p == end || **p < '0' || **p > '9') return false;
        *out = *out * 10 + (**p - '0');
    }
    return true;
}

LESSEE_FN bool lessee_sign(const char **p, const char *end, const char *any, char *got) {
    for (; *any && *p < end; any++)
        if (**p == *any) return *got = *(*p)++, true;
    return false;
}

/* Days since 1970 of a date of the Gregorian calendar.
 * See https://howardhinnant.github.io/date_algorithms.html#days_from_civil */
LESSEE_FN int64_t lessee_days(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Reads a time as RFC 3339 has it. */
LESSEE_FN bool lessee_parse_time(lessee_text t, int64_t *ms) {
    const char *p = t.at, *end = t.at + t.size;
    int64_t year, month, day, hour, minute, second, fraction = 0, off_hour = 0, off_minute = 0;
    char c, zone;
    bool ok = lessee_digits(&p, end, 4, &year) && lessee_sign(&p, end, "-", &c) && lessee_digits(&p, end, 2, &month) &&
        lessee_sign(&p, end, "-", &c) && lessee_digits(&p, end, 2, &day) && lessee_sign(&p, end, "T", &c) &&
        lessee_digits(&p, end, 2, &hour) && lessee_sign(&p, end, ":", &c) && lessee_digits(&p, end, 2, &minute) &&
        lessee_sign(&p, end, ":", &c) && lessee_digits(&p, end, 2, &second);
    if (!ok || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return false;
    int64_t next = month == 12 ? lessee_days(year + 1, 1, 1) : lessee_days(year, month + 1, 1);
    if (lessee_days(year, month, day) >= next) return false;
    if (lessee_sign(&p, end, ".", &c)) {
        int64_t digit, unit = 100;
        if (!lessee_digits(&p, end, 1, &digit)) return false;
        do fraction += digit * unit, unit /= 10;
        while (lessee_digits(&p, end, 1, &digit));
    }
    if (!lessee_sign(&p, end, "Z+-", &zone)) return false;
    if (zone != 'Z' && !(lessee_digits(&p, end, 2, &off_hour) && lessee_sign(&p, end, ":", &c) && lessee_digits(&p, end, 2, &off_minute)))
        return false;
    int64_t minutes = lessee_days(year, month, day) * 1440 + hour * 60 + minute;
    minutes -= (zone == '-' ? -1 : 1) * (off_hour * 60 + off_minute);
    *ms = (minutes * 60 + second) * 1000 + fraction;
    return p == end && off_hour < 24 && off_minute < 60;
}

LESSEE_FN bool lessee_envelope_wrong(lessee_call *call, const char *what) {
    const char *parts[] = {"the envelope is not the JSON of ABI v1: ", what};
    lessee_fail(call, "envelope_invalid", lessee_join(call, parts, 2));
    return false;
}

typedef enum { LESSEE_AS_JSON, LESSEE_AS_INT, LESSEE_AS_TEXT, LESSEE_AS_TIME, LESSEE_AS_OBJECT } lessee_as;

/* A member that is read, and where to. A list of them ends with one without a key. */
typedef struct lessee_field {
    const char *key;
    lessee_as as;
    void *out;
    const struct lessee_field *members; /* of an object */
} lessee_field;

/* An envelope is read in the same walk that finds out whether it is JSON: to walk
 * again for the values was half of what a small job cost. */
typedef struct {
    lessee_call *call;
    lessee_cursor at;
    const char *misfit; /* the key of a value that has another type */
} lessee_opening;

/* A null leaves a field as it was, but for one that takes any JSON. */
LESSEE_FN bool lessee_open_field(lessee_call *call, const lessee_field *f, lessee_json j) {
    if (f->as == LESSEE_AS_JSON) return *(lessee_json *)f->out = j, true;
    if (lessee_kind_of(j) == LESSEE_NULL) return true;
    if (f->as == LESSEE_AS_INT) return lessee_to_int(j, (int64_t *)f->out);
    lessee_text t = {"", 0};
    if (f->as == LESSEE_AS_OBJECT || !lessee_to_text(call, j, &t)) return false;
    if (f->as == LESSEE_AS_TIME) return lessee_parse_time(t, (int64_t *)f->out);
    *(lessee_text *)f->out = t;
    return true;
}

LESSEE_FN bool lessee_open_members(lessee_opening *o, const lessee_field *fields);

/* Reads the value of a field; f has no key if it is of a later host. */
LESSEE_FN bool lessee_open_value(lessee_opening *o, const lessee_field *f) {
    lessee_skip_space(&o->at);
    const char *from = o->at.p;
    if (f->key && f->as == LESSEE_AS_OBJECT && from < o->at.end && *from == '{') return lessee_open_members(o, f->members);
    if (!lessee_skip(&o->at, 1)) return false;
    lessee_json j = {from, (size_t)(o->at.p - from)};
    if (f->key && !lessee_open_field(o->call, f, j) && !o->misfit) o->misfit = f->key;
    return true;
}

LESSEE_FN bool lessee_open_members(lessee_opening *o, const lessee_field *fields) {
    lessee_cursor *c = &o->at;
    c->p++;
    if (lessee_skip_char(c, '}')) return true;
    do {
        lessee_json key = lessee_step(c);
        if (c->wrong || lessee_kind_of(key) != LESSEE_STRING || !lessee_skip_char(c, ':')) return lessee_wrong(c, "a key or its colon is missing");
        const lessee_field *f = fields;
        while (f->key && !lessee_key_is(key, f->key)) f++;
        if (!lessee_open_value(o, f)) return false;
    } while (lessee_skip_char(c, ','));
    return lessee_skip_char(c, '}') || lessee_wrong(c, "a comma or a closing bracket is missing");
}

LESSEE_FN bool lessee_open(lessee_call *call, lessee_text envelope) {
    int64_t abi = 0;
    const lessee_field job[] = {
        {"id", LESSEE_AS_INT, &call->job.id, NULL},
        {"class", LESSEE_AS_TEXT, &call->job.job_class, NULL},
        {"attempt", LESSEE_AS_INT, &call->job.attempt, NULL},
        {"max_attempts", LESSEE_AS_INT, &call->job.max_attempts, NULL},
        {"enqueued_at", LESSEE_AS_TIME, &call->job.enqueued_ms, NULL},
        {"deadline", LESSEE_AS_TIME, &call->job.deadline_ms, NULL},
        {"idempotency_key", LESSEE_AS_TEXT, &call->job.idempotency_key, NULL},
        {NULL, LESSEE_AS_JSON, NULL, NULL},
    };
    const lessee_field trace[] = {
        {"traceparent", LESSEE_AS_TEXT, &call->traceparent, NULL},
        {"tracestate", LESSEE_AS_TEXT, &call->tracestate, NULL},
        {NULL, LESSEE_AS_JSON, NULL, NULL},
    };
    const lessee_field top[] = {
        {"abi", LESSEE_AS_INT, &abi, NULL},
        {"job", LESSEE_AS_OBJECT, NULL, job},
        {"trace", LESSEE_AS_OBJECT, NULL, trace},
        {"config", LESSEE_AS_JSON, &call->config, NULL},
        {"payload", LESSEE_AS_JSON, &call->payload, NULL},
        {NULL, LESSEE_AS_JSON, NULL, NULL},
    };
    const lessee_field whole = {"", LESSEE_AS_OBJECT, NULL, top};
    lessee_opening o = {call, {envelope.at, envelope.at + envelope.size, NULL, false}, NULL};
    call->job.job_class = call->job.idempotency_key = call->traceparent = call->tracestate = lessee_text_of("");
    if (!lessee_open_value(&o, &whole)) return lessee_envelope_wrong(call, o.at.wrong);
    lessee_skip_space(&o.at);
    if (o.at.p != o.at.end) return lessee_envelope_wrong(call, "something follows its value");
    if (o.misfit && (o.misfit == top[0].key || o.misfit == whole.key))
        return lessee_envelope_wrong(call, "it is no object, or its version is no number");
    if (abi != LESSEE_ABI) {
        lessee_fail(call, "abi_mismatch", "the envelope is of another version than this SDK, which speaks ABI v1: "
                                          "rebuild the plugin with the SDK of the host's release");
        return false;
    }
    return !o.misfit || lessee_envelope_wrong(call, o.misfit);
}

/* ---- The result --------------------------------------------------------- */

LESSEE_FN void lessee_put_error(lessee_call *call, lessee_writer *w) {
    lessee_key(w, "error");
    lessee_begin_object(w);
    lessee_put_named(w, "code", call->code ? call->code : "handler_error");
    lessee_put_named(w, "message", call->message ? call->message : "the handler did not say why: return lessee_fail(call, code, message)");
    lessee_put_member(w, "detail", call->detail);
    lessee_end(w);
}

LESSEE_FN void lessee_put_effects(lessee_writer *w, const char *key, lessee_writer *effects) {
    if (!effects->depth) return;
    lessee_end(effects);
    lessee_put_member(w, key, lessee_written(effects));
}

LESSEE_FN lessee_json lessee_result(lessee_call *call, lessee_status status) {
    static const char *const names[] = {"ok", "retry", "fail", "park"};
    lessee_writer w = lessee_write(call);
    lessee_begin_object(&w);
    lessee_put_named(&w, "status", names[status]);
    if (status == LESSEE_OK || status == LESSEE_PARK) {
        lessee_put_member(&w, "output", call->output);
        lessee_put_effects(&w, "events", &call->events);
        lessee_put_effects(&w, "enqueue", &call->enqueue);
        lessee_put_effects(&w, "commands", &call->commands);
    } else {
        if (call->retry_after_ms && status == LESSEE_RETRY) lessee_key(&w, "retry_after_ms"), lessee_put_int(&w, call->retry_after_ms);
        lessee_put_error(call, &w);
    }
    lessee_end(&w);
    return lessee_written(&w);
}

/* The result of an attempt; if it is none that the host would take, a failure
 * that says so. */
LESSEE_FN lessee_json lessee_answer(lessee_call *call, lessee_status status) {
    if ((unsigned)status > LESSEE_PARK) lessee_broken(call, "the handler returned no lessee_status"), status = LESSEE_FAIL;
    lessee_json result = lessee_result(call, status);
    lessee_text t = {result.at, result.size};
    if (!call->broken) call->broken = lessee_check(t, true);
    if (!call->broken) return result;
    const char *parts[] = {"the handler's answer is no valid result: ", call->broken};
    lessee_fail(call, "result_invalid", lessee_join(call, parts, 2));
    call->detail.at = NULL;
    return lessee_result(call, LESSEE_FAIL);
}

/* How much memory is there before the first job. What a job needs beyond it
 * costs it the instance, which could else be restored and used again. */
#ifndef LESSEE_ROOM
#define LESSEE_ROOM (1 << 20)
#endif

LESSEE_FN void *lessee_receive(lessee_arena *a, size_t size) {
    if (a->answered) a->next = a->start, a->answered = false;
    char *at = lessee_reserve(a, size + 1);
    if (at) at[size] = 0;
    return at;
}

LESSEE_FN uint64_t lessee_execute_with(lessee_handler handle, lessee_arena *arena, const char *at, size_t size) {
    lessee_call call = {0};
    lessee_text envelope = {at, size};
    call.arena = arena;
    call.events = call.enqueue = call.commands = lessee_write(&call);
    lessee_json result = lessee_answer(&call, lessee_open(&call, envelope) ? handle(&call) : LESSEE_FAIL);
    arena->answered = true;
    return (uint64_t)(uintptr_t)result.at << 32 | result.size;
}

/* Makes handle the plugin of this module. Once, in one source file. */
#define LESSEE_PLUGIN(handle) \
    static lessee_arena lessee_memory; \
    LESSEE_EXPORT(lessee_abi_version) int32_t lessee_abi_version(void) { return LESSEE_ABI; } \
    LESSEE_EXPORT(lessee_init) void lessee_init(void) { lessee_grow(&lessee_memory, LESSEE_ROOM); } \
    LESSEE_EXPORT(lessee_alloc) void *lessee_alloc(size_t size) { return lessee_receive(&lessee_memory, size); } \
    LESSEE_EXPORT(lessee_execute) uint64_t lessee_execute(const char *at, size_t size) { \
        return lessee_execute_with(handle, &lessee_memory, at, size); \
    }

/* Optional: reseed(entropy, size) is called before each job with fresh random
 * bytes. A host restores a module's memory before each job, so a generator that
 * was seeded earlier, rand() among them, would else repeat itself in every job. */
#define LESSEE_RESEED(reseed) \
    LESSEE_EXPORT(lessee_reseed) void lessee_reseed(const void *at, size_t size) { reseed(at, size); }

#endif
