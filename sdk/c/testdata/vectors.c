/* vectors does what its payload says, so that a test can try every function of
 * the SDK from outside: {"do": "…", …}. Without that it tells what it was sent. */
#include "lessee.h"

static void put_text_member(lessee_writer *w, const char *key, lessee_text t) {
    lessee_key(w, key);
    lessee_put_text(w, t);
}

static void put_int_member(lessee_writer *w, const char *key, int64_t v) {
    lessee_key(w, key);
    lessee_put_int(w, v);
}

static lessee_status echo(lessee_call *call) {
    lessee_writer w = lessee_write(call);
    lessee_begin_object(&w);
    put_int_member(&w, "id", call->job.id);
    put_text_member(&w, "class", call->job.job_class);
    put_int_member(&w, "attempt", call->job.attempt);
    put_int_member(&w, "max_attempts", call->job.max_attempts);
    put_int_member(&w, "enqueued_ms", call->job.enqueued_ms);
    put_int_member(&w, "deadline_ms", call->job.deadline_ms);
    put_text_member(&w, "idempotency_key", call->job.idempotency_key);
    put_text_member(&w, "traceparent", call->traceparent);
    put_text_member(&w, "tracestate", call->tracestate);
    lessee_put_member(&w, "config", call->config);
    lessee_put_member(&w, "payload", call->payload);
    lessee_end(&w);
    return lessee_ok(call, lessee_written(&w));
}

static const char *text_at(lessee_call *call, lessee_json j, const char *pointer) {
    lessee_text t = {NULL, 0};
    lessee_to_text(call, lessee_at(j, pointer), &t);
    return t.at;
}

static const char *or_empty(const char *s) { return s ? s : ""; }

static void effects(lessee_call *call, lessee_json r) {
    for (lessee_walk w = lessee_walk_of(lessee_at(r, "/events")); lessee_next(&w);)
        lessee_emit(call, or_empty(text_at(call, w.value, "/type")), lessee_at(w.value, "/payload"), text_at(call, w.value, "/key"));
    for (lessee_walk w = lessee_walk_of(lessee_at(r, "/commands")); lessee_next(&w);)
        lessee_command(call, or_empty(text_at(call, w.value, "/name")), lessee_at(w.value, "/args"));
    for (lessee_walk w = lessee_walk_of(lessee_at(r, "/enqueue")); lessee_next(&w);) {
        int64_t priority = 0;
        bool has = lessee_to_int(lessee_at(w.value, "/priority"), &priority);
        int16_t narrow = (int16_t)priority;
        lessee_follow_up job = {text_at(call, w.value, "/class"), lessee_at(w.value, "/payload"), has ? &narrow : NULL,
                                text_at(call, w.value, "/run_at"), text_at(call, w.value, "/idempotency_key")};
        lessee_enqueue(call, job);
    }
}

/* Answers the result that the payload describes, by the SDK's own means. */
static lessee_status result(lessee_call *call, lessee_json r) {
    lessee_text status = lessee_text_of(text_at(call, r, "/status"));
    const char *code = text_at(call, r, "/error/code"), *message = text_at(call, r, "/error/message");
    int64_t after = 0;
    effects(call, r);
    lessee_detail(call, lessee_at(r, "/error/detail"));
    if (lessee_is(status, "park")) return lessee_park(call, lessee_at(r, "/output"));
    if (lessee_is(status, "fail")) return lessee_fail(call, code, message);
    if (!lessee_is(status, "retry")) return lessee_ok(call, lessee_at(r, "/output"));
    if (lessee_to_int(lessee_at(r, "/retry_after_ms"), &after)) return lessee_retry_after(call, after, code, message);
    return lessee_retry(call, code, message);
}

static lessee_status typed(lessee_call *call) {
    lessee_text name;
    lessee_json tags;
    int64_t count;
    double price;
    bool paid;
    if (!lessee_take_text(call, "/name", &name) || !lessee_take_int(call, "/count", &count) ||
        !lessee_take_number(call, "/price", &price) || !lessee_take_bool(call, "/paid", &paid) ||
        !lessee_take_array(call, "/tags", &tags))
        return LESSEE_FAIL;
    lessee_writer w = lessee_write(call);
    lessee_begin_object(&w);
    put_text_member(&w, "name", name);
    put_int_member(&w, "count", count);
    lessee_key(&w, "price"), lessee_put_number(&w, price);
    lessee_key(&w, "paid"), lessee_put_bool(&w, paid);
    lessee_key(&w, "tags"), lessee_begin_array(&w);
    for (lessee_walk t = lessee_walk_of(tags); lessee_next(&t);) {
        if (!lessee_to_text(call, t.value, &name)) return LESSEE_FAIL;
        lessee_put_text(&w, name);
    }
    lessee_end(&w);
    lessee_end(&w);
    return lessee_ok(call, lessee_written(&w));
}

static lessee_status http(lessee_call *call) {
    static const lessee_header headers[] = {{"accept", "text/plain"}, {"x-two", "1"}, {"x-two", "2"}};
    lessee_request request = {"POST", "https://api.test/orders", headers, 3, {"a\0b", 3}, "crm", 1500, true};
    lessee_response response = lessee_http(call, request);
    lessee_writer w = lessee_write(call);
    lessee_begin_object(&w);
    put_int_member(&w, "status", response.status);
    put_text_member(&w, "url", response.url);
    put_text_member(&w, "retry_after", lessee_header_of(call, &response, "retry-after"));
    put_text_member(&w, "body", response.body);
    put_text_member(&w, "error_code", response.error_code);
    put_text_member(&w, "error_message", response.error_message);
    lessee_end(&w);
    return lessee_ok(call, lessee_written(&w));
}

static lessee_status host(lessee_call *call) {
    lessee_writer w = lessee_write(call);
    lessee_log(LESSEE_WARN, "héllo");
    lessee_progress(250, "a quarter");
    lessee_put_bool(&w, lessee_cancelled());
    return lessee_ok(call, lessee_written(&w));
}

static lessee_status handle(lessee_call *call) {
    lessee_text what = lessee_text_of(text_at(call, call->payload, "/do"));
    if (lessee_is(what, "result")) return result(call, lessee_at(call->payload, "/result"));
    if (lessee_is(what, "typed")) return typed(call);
    if (lessee_is(what, "http")) return http(call);
    if (lessee_is(what, "host")) return host(call);
    LESSEE_ASSERT(!lessee_is(what, "panic"));
    return echo(call);
}

LESSEE_PLUGIN(handle)
