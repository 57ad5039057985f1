/* greet is the smallest plugin there is. */
#include "lessee.h"

static lessee_status greet(lessee_call *call) {
    lessee_text name = {"", 0};
    if (lessee_has(call, "/name") && !lessee_take_text(call, "/name", &name)) return LESSEE_FAIL;
    if (!name.size) return lessee_fail(call, "handler_error", "nobody to greet: send {\"name\": …}");
    lessee_log(LESSEE_INFO, lessee_format(call, "greeting name=%s", name.at).at);
    return lessee_ok(call, lessee_text_json(call, lessee_format(call, "Hello, %s", name.at)));
}

LESSEE_PLUGIN(greet)
