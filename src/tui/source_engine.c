/* Our own engine as a source of the screen. */
#include "tiller/tui.h"

static const struct study *begin_read(void *context)
{
    return engine_begin_read(context);
}

static void end_read(void *context)
{
    engine_end_read(context);
}

static void status(void *context, struct engine_status *out)
{
    engine_status(context, out);
}

static enum err request(void *context, const struct request *r, struct err_info *info)
{
    return engine_request(context, r, info);
}

static void preview(void *context, const struct request *r, char *out, size_t out_size)
{
    engine_preview(context, r, out, out_size);
}

static void drain(void *context)
{
    engine_drain(context);
}

void tui_source_engine(struct engine *engine, struct tui_source *out)
{
    *out = (struct tui_source){.context = engine,
                               .begin_read = begin_read,
                               .end_read = end_read,
                               .status = status,
                               .request = request,
                               .preview = preview,
                               .wake_fd = engine_wake_fd(engine),
                               .drain = drain,
                               .guidance = engine_guidance(engine)};
}
