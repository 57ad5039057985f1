/* noop does nothing: what it costs is what a job costs. */
#include "lessee.h"

static lessee_status noop(lessee_call *call) {
    (void)call;
    return LESSEE_OK;
}

LESSEE_PLUGIN(noop)
