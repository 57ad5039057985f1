/* Falls over in the way its payload names, or answers what no host commits. */
#include "lessee.h"

static volatile int shelves;

__attribute__((noinline)) static int64_t place(int64_t books) { return books / shelves; }

static lessee_status handle(lessee_call *call) {
    lessee_text what;
    if (!lessee_to_text(call, lessee_at(call->payload, "/do"), &what)) what = lessee_text_of("");
    LESSEE_ASSERT(!lessee_is(what, "panic"));
    lessee_writer w = lessee_write(call);
    lessee_begin_object(&w);
    lessee_key(&w, lessee_is(what, "nul") ? "label" : "pages");
    if (lessee_is(what, "trap")) lessee_put_int(&w, place(3));
    else if (lessee_is(what, "nul")) lessee_put_text(&w, (lessee_text){"a\0b", 3});
    else if (lessee_is(what, "schema")) lessee_put_text(&w, lessee_text_of("three"));
    else lessee_put_int(&w, 3);
    lessee_end(&w);
    return lessee_ok(call, lessee_written(&w));
}

LESSEE_PLUGIN(handle)
