#include "repl/phase_steps.h"

#include "repl/interrupt.h"
#include "repl/phase_report.h"
#include "repl/phrase.h"

static void tell_next(Repl *repl, const PhaseReport *report)
{
    char step[NUMBER_TEXT];

    if (report->next != NULL)
        repl_note(repl, "next: %s; phase takes it, phase end all that is left", report->next);
    else
        repl_note(repl, "step %s is finished%s", phrase_count(report->step, step),
                  report->skipped ? "; it was skipped" : "");
}

static Status take(Repl *repl, bool csv, Text *text, PhaseReport *report)
{
    interrupt_direct(repl_session(repl));
    Status status = session_phase(repl_session(repl), report);

    interrupt_direct(NULL);
    if (!failed(status))
        (csv ? phase_report_csv : phase_report_print)(report, text);
    return status;
}

Status phase_steps(Repl *repl, bool all, bool csv)
{
    PhaseReport report;
    Text text = {0};
    Status status = ok();
    bool more = true;

    if (csv)
        phase_report_csv_heads(&text);
    while (more && !failed(status)) {
        status = take(repl, csv, &text, &report);
        more = all && report.next != NULL;
        if (!failed(status) && !more) {
            repl_print(repl, "%s", text_chars(&text));
            tell_next(repl, &report);
        }
        phase_report_release(&report);
    }
    text_release(&text);
    return status;
}
