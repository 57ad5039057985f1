/* A plugin is one handler, from a call to a status. Everything a host does
 * around it (leases, retries, committing what it answers) is not its business. */
#include "lessee.h"

/* Takes {"name": "you"}; answers {"greeting": "Hello, you"}. Nothing is to be freed. */
static lessee_status handle(lessee_call *call) {
    lessee_text name;
    if (!lessee_take_text(call, "/name", &name)) return LESSEE_FAIL; /* the message says what is wrong */
    if (!name.size) return lessee_fail(call, "no_name", "nobody to greet: send {\"name\": …}");

    lessee_log(LESSEE_INFO, lessee_format(call, "greeting name=%s", name.at).at);
    lessee_writer w = lessee_write(call);
    lessee_begin_object(&w);
    lessee_key(&w, "greeting");
    lessee_put_text(&w, lessee_format(call, "Hello, %s", name.at));
    lessee_end(&w);
    return lessee_ok(call, lessee_written(&w));
}

LESSEE_PLUGIN(handle)
