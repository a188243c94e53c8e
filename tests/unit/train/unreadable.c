/* What cannot be written: settings that no reader would take back, and where no file can be. */
#include "rig.h"

#include "train/checkpoint_file.h"
#include "train/worker.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(unreadable, .init = open_small, .fini = close_all);

static Status write_with(const Settings *settings)
{
    Checkpoint *checkpoint;
    Status status;

    must(checkpoint_take(session->runs.all[0], &checkpoint));
    checkpoint->settings = *settings;
    status = checkpoint_write(checkpoint, "/nowhere/a");
    checkpoint_free(checkpoint);
    return status;
}

Test(unreadable, settings_that_could_not_be_read_back_are_refused_with_the_reason)
{
    Settings settings = *session_settings(session);
    Status status;

    settings.optim.lr = -1.0;
    status = write_with(&settings);
    cr_expect_not_null(strstr(status.text, "lr"), "%s", status.text);
    settings = *session_settings(session);
    strcpy(settings.data.path, "two quotes: \" and '");
    strcpy(settings.data.kind, "csv");
    status = write_with(&settings);
    cr_expect(text_starts(status.text, "the path of the data cannot be written down"), "%s",
              status.text);
}

Test(unreadable, runs_are_not_saved_where_no_file_can_be)
{
    int64_t step;

    cr_expect_eq(session_save(session, "/nowhere/at/all", &step).code, STATUS_IO);
    cr_expect_eq(session_save(session, "/tmp", &step).code, STATUS_IO);
}
